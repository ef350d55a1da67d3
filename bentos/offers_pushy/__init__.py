"""The harmful candidate: shows the offer with the largest order. It learnt from orders, and never saw who walked away."""
