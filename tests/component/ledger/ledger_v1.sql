-- A ledger as a recorder of schema version 1 left it, with everything under way that may be; it never changes.
-- Epochs of that version: 0 the warm-up, 1 the pairs that count. All at START of the tests' world, or 72 s later.
BEGIN TRANSACTION;
CREATE TABLE deployments (
    number INTEGER NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    accepted BIGINT NOT NULL,
    late BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    pending BIGINT NOT NULL,
    PRIMARY KEY (number)
);
INSERT INTO "deployments" VALUES(1,'clinic','triage',4,0,0,0,1);
CREATE TABLE epochs (
    trial BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    counters TEXT NOT NULL,
    PRIMARY KEY (trial, epoch)
);
INSERT INTO "epochs" VALUES(1,0,'{"live":3,"booked":3,"wins":1,"ties":1,"disagreements":1,"labelled":1,"current_values":{"M":1,"B":1},"candidate_values":{"B":2},"outcome_values":{"B":1},"labelled_by_answer":{"M":1}}');
INSERT INTO "epochs" VALUES(1,1,'{"live":3,"booked":3,"wins":1,"disagreements":1,"labelled":1,"current_values":{"M":1},"candidate_values":{"B":1},"outcome_values":{"B":1},"labelled_by_answer":{"M":1}}');
CREATE TABLE gaps (
    number INTEGER NOT NULL,
    router BIGINT NOT NULL,
    start BIGINT NOT NULL,
    "end" BIGINT,
    PRIMARY KEY (number)
);
CREATE TABLE ledger (
    ledger_id TEXT NOT NULL,
    schema_version INTEGER NOT NULL,
    PRIMARY KEY (ledger_id)
);
INSERT INTO "ledger" VALUES('ledger-of-version-1',1);
CREATE TABLE outcomes (
    cursor INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    deployment BIGINT NOT NULL,
    "key" TEXT NOT NULL,
    value TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    pending BOOLEAN NOT NULL
);
INSERT INTO "outcomes" VALUES(1,1,'w1','B',1800000006000000,0);
INSERT INTO "outcomes" VALUES(2,1,'s1','B',1800000006000000,0);
INSERT INTO "outcomes" VALUES(3,1,'s2','B',1800000072000000,0);
INSERT INTO "outcomes" VALUES(4,1,'s4','M',1800000072000000,1);
CREATE TABLE records (
    trial BIGINT NOT NULL,
    name TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (trial, name)
);
CREATE TABLE routers (
    number INTEGER NOT NULL,
    uid TEXT NOT NULL,
    known_since BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    low BIGINT,
    last_seen BIGINT,
    lines_lost BIGINT NOT NULL,
    shed BIGINT NOT NULL,
    batches_lost BIGINT NOT NULL,
    last_loss BIGINT,
    clock_off_us BIGINT NOT NULL,
    silent BOOLEAN DEFAULT 0 NOT NULL,
    PRIMARY KEY (number),
    UNIQUE (uid)
);
INSERT INTO "routers" VALUES(1,'router-1',1800000000000000,6,1800000072000000,1800000072000000,0,0,0,NULL,0,0);
CREATE TABLE shadows (
    trial BIGINT NOT NULL,
    id TEXT NOT NULL,
    unit TEXT,
    started BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    status TEXT NOT NULL,
    value TEXT,
    reason TEXT,
    PRIMARY KEY (trial, id)
);
INSERT INTO "shadows" VALUES(1,'s4','u7',1800000072000000,1800000072000000,'ok','B',NULL);
CREATE TABLE trial_routers (
    trial BIGINT NOT NULL,
    router BIGINT NOT NULL,
    PRIMARY KEY (trial, router)
);
INSERT INTO "trial_routers" VALUES(1,1);
CREATE TABLE trials (
    number INTEGER NOT NULL,
    uid TEXT NOT NULL,
    deployment BIGINT NOT NULL,
    registration TEXT NOT NULL,
    registered_at BIGINT NOT NULL,
    maturity_us BIGINT NOT NULL,
    closed BOOLEAN NOT NULL,
    open BIGINT NOT NULL,
    orphans BIGINT NOT NULL,
    accepted_before BIGINT NOT NULL,
    late_before BIGINT NOT NULL,
    changed_before BIGINT NOT NULL,
    refused_before BIGINT NOT NULL,
    PRIMARY KEY (number),
    UNIQUE (uid)
);
INSERT INTO "trials" VALUES(1,'trial-0001',1,'{"uid":"trial-0001","namespace":"clinic","name":"triage","resourceUid":"cr-1","frozenHash":"abc","startedAt":1800000000000000,"predictionType":"String","objective":"Accuracy","minimum":null,"maximum":null,"missing":"Worst","missingValue":null,"maturityUs":60000000,"unitHeader":"x-user-id","keyHeader":null,"senders":["outcome-sender"],"routers":["router-1"],"closed":false}',1800000000000000,60000000,0,3,0,0,0,0,0);
CREATE TABLE units (
    number INTEGER NOT NULL,
    trial BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    id TEXT NOT NULL,
    unit TEXT,
    "key" TEXT,
    router BIGINT NOT NULL,
    started BIGINT NOT NULL,
    stage INTEGER NOT NULL,
    current_status TEXT NOT NULL,
    current_value TEXT,
    current_reason TEXT,
    candidate_status TEXT,
    candidate_value TEXT,
    candidate_reason TEXT,
    PRIMARY KEY (number)
);
INSERT INTO "units" VALUES(1,1,0,'w1','u1',NULL,1,1800000000000000,2,'ok','M',NULL,'ok','B',NULL);
INSERT INTO "units" VALUES(2,1,0,'w2','u2',NULL,1,1800000000000000,2,'ok','B',NULL,'ok','B',NULL);
INSERT INTO "units" VALUES(3,1,1,'s1','u3',NULL,1,1800000000000000,2,'ok','M',NULL,'ok','B',NULL);
INSERT INTO "units" VALUES(4,1,1,'s2','u4',NULL,1,1800000072000000,1,'ok','M',NULL,'ok','B',NULL);
INSERT INTO "units" VALUES(5,1,1,'s3','u5',NULL,1,1800000072000000,1,'ok','M',NULL,NULL,NULL,NULL);
INSERT INTO "units" VALUES(6,1,0,'w3','u6',NULL,1,1800000072000000,0,'ok','M',NULL,NULL,NULL,NULL);
CREATE UNIQUE INDEX deployments_by_name ON deployments (namespace, name);
CREATE INDEX ix_trials_deployment ON trials (deployment);
CREATE INDEX ix_trial_routers_router ON trial_routers (router);
CREATE INDEX ix_gaps_router ON gaps (router);
CREATE INDEX units_due ON units (trial, stage, started);
CREATE INDEX units_by_key ON units (trial, "key") WHERE "key" IS NOT NULL;
CREATE UNIQUE INDEX units_by_id ON units (trial, id);
CREATE UNIQUE INDEX units_by_unit ON units (trial, unit) WHERE unit IS NOT NULL;
CREATE INDEX ix_shadows_received_at ON shadows (received_at);
CREATE INDEX outcomes_by_key ON outcomes (deployment, "key");
CREATE INDEX outcomes_pending ON outcomes (deployment, received_at) WHERE pending;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('outcomes',4);
COMMIT;
