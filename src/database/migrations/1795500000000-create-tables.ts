import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES = [
  `CREATE TABLE instance (
    id smallint NOT NULL,
    incarnation uuid NOT NULL,
    system_identifier text,
    database_oid bigint,
    bootstrapped_at timestamptz,
    CONSTRAINT pk_instance PRIMARY KEY (id)
  )`,
  `INSERT INTO instance (id, incarnation) VALUES (1, gen_random_uuid())`,

  `CREATE TABLE organization (
    id uuid NOT NULL,
    name text NOT NULL,
    slug text NOT NULL,
    parent_id uuid,
    root_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    CONSTRAINT pk_organization PRIMARY KEY (id),
    CONSTRAINT fk_organization_parent_id FOREIGN KEY (parent_id) REFERENCES organization (id),
    CONSTRAINT fk_organization_root_id FOREIGN KEY (root_id) REFERENCES organization (id)
  )`,
  `CREATE UNIQUE INDEX uq_organization_parent_id_slug ON organization
    (coalesce(parent_id, '00000000-0000-0000-0000-000000000000'::uuid), slug) WHERE deleted_at IS NULL`,
  `CREATE INDEX ix_organization_parent_id ON organization (parent_id)`,
  `CREATE INDEX ix_organization_root_id ON organization (root_id)`,

  `CREATE TABLE identity (
    id uuid NOT NULL,
    name text NOT NULL,
    organization_id uuid NOT NULL,
    has_delete_protection boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    CONSTRAINT pk_identity PRIMARY KEY (id),
    CONSTRAINT fk_identity_organization_id FOREIGN KEY (organization_id) REFERENCES organization (id)
  )`,
  `CREATE INDEX ix_identity_organization_id ON identity (organization_id)`,
  `CREATE INDEX ix_identity_name ON identity (name)`,

  `CREATE TABLE identity_metadata (
    id uuid NOT NULL,
    identity_id uuid NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    position integer NOT NULL,
    CONSTRAINT pk_identity_metadata PRIMARY KEY (id),
    CONSTRAINT fk_identity_metadata_identity_id FOREIGN KEY (identity_id) REFERENCES identity (id) ON DELETE CASCADE
  )`,
  `CREATE INDEX ix_identity_metadata_identity_id ON identity_metadata (identity_id)`,

  `CREATE TABLE role (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    description text,
    permissions jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_role PRIMARY KEY (id),
    CONSTRAINT uq_role_organization_id_slug UNIQUE (organization_id, slug),
    CONSTRAINT fk_role_organization_id FOREIGN KEY (organization_id) REFERENCES organization (id) ON DELETE CASCADE
  )`,

  `CREATE TABLE membership (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    identity_id uuid NOT NULL,
    role text NOT NULL,
    role_id uuid,
    is_active boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_membership PRIMARY KEY (id),
    CONSTRAINT uq_membership_organization_id_identity_id UNIQUE (organization_id, identity_id),
    CONSTRAINT fk_membership_organization_id FOREIGN KEY (organization_id) REFERENCES organization (id),
    CONSTRAINT fk_membership_identity_id FOREIGN KEY (identity_id) REFERENCES identity (id) ON DELETE CASCADE,
    CONSTRAINT fk_membership_role_id FOREIGN KEY (role_id) REFERENCES role (id) ON DELETE RESTRICT,
    CONSTRAINT ck_membership_role CHECK ((role = 'custom') = (role_id IS NOT NULL))
  )`,
  `CREATE INDEX ix_membership_organization_id_created_at_id ON membership (organization_id, created_at, id)`,
  `CREATE INDEX ix_membership_identity_id ON membership (identity_id)`,
  `CREATE INDEX ix_membership_role_id ON membership (role_id)`,

  `CREATE TABLE token_auth_config (
    id uuid NOT NULL,
    identity_id uuid NOT NULL,
    ttl integer NOT NULL,
    max_ttl integer NOT NULL,
    num_uses_limit integer NOT NULL,
    trusted_ips jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_token_auth_config PRIMARY KEY (id),
    CONSTRAINT uq_token_auth_config_identity_id UNIQUE (identity_id),
    CONSTRAINT fk_token_auth_config_identity_id FOREIGN KEY (identity_id) REFERENCES identity (id) ON DELETE CASCADE
  )`,

  `CREATE TABLE signing_key (
    kid text NOT NULL,
    algorithm text NOT NULL,
    public_jwk jsonb NOT NULL,
    sealed_private_key bytea,
    state text NOT NULL,
    created_at timestamptz NOT NULL,
    state_since timestamptz NOT NULL,
    CONSTRAINT pk_signing_key PRIMARY KEY (kid),
    CONSTRAINT ck_signing_key_state CHECK (state IN ('next', 'active', 'retiring', 'retired', 'revoked'))
  )`,
  `CREATE UNIQUE INDEX uq_signing_key_active ON signing_key (state) WHERE state = 'active'`,

  `CREATE TABLE access_token (
    id uuid NOT NULL,
    identity_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    kid text NOT NULL,
    auth_method text NOT NULL,
    name text,
    ttl integer NOT NULL,
    max_ttl integer NOT NULL,
    num_uses_limit integer NOT NULL,
    num_uses integer NOT NULL,
    epoch bigint NOT NULL,
    last_used_at timestamptz,
    last_renewed_at timestamptz,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_reason text,
    minted_by uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_access_token PRIMARY KEY (id),
    CONSTRAINT fk_access_token_identity_id FOREIGN KEY (identity_id) REFERENCES identity (id),
    CONSTRAINT fk_access_token_organization_id FOREIGN KEY (organization_id) REFERENCES organization (id),
    CONSTRAINT fk_access_token_kid FOREIGN KEY (kid) REFERENCES signing_key (kid)
  )`,
  `CREATE INDEX ix_access_token_identity_id_organization_id_created_at_id ON access_token
    (identity_id, organization_id, created_at, id)`,
  `CREATE INDEX ix_access_token_organization_id ON access_token (organization_id)`,
  `CREATE INDEX ix_access_token_kid ON access_token (kid)`,
  `CREATE INDEX ix_access_token_expires_at ON access_token (expires_at)`,

  `CREATE TABLE access_token_usage (
    token_id uuid NOT NULL,
    num_uses bigint NOT NULL,
    last_used_at timestamptz NOT NULL,
    last_used_from inet,
    CONSTRAINT pk_access_token_usage PRIMARY KEY (token_id),
    CONSTRAINT fk_access_token_usage_token_id FOREIGN KEY (token_id) REFERENCES access_token (id) ON DELETE CASCADE
  )`,

  `CREATE TABLE revocation (
    sequence bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    transaction_id bigint NOT NULL,
    effect text NOT NULL,
    scope text NOT NULL,
    key text NOT NULL,
    organization_id uuid,
    keep_until timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_revocation PRIMARY KEY (sequence)
  )`,
  `CREATE INDEX ix_revocation_keep_until ON revocation (keep_until)`,

  `CREATE TABLE epoch (
    scope text NOT NULL,
    key text NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT pk_epoch PRIMARY KEY (scope, key)
  )`,

  `CREATE TABLE replica (
    id uuid NOT NULL,
    beat_at timestamptz NOT NULL,
    CONSTRAINT pk_replica PRIMARY KEY (id)
  )`,

  `CREATE TABLE idempotency_key (
    caller_identity_id uuid NOT NULL,
    key text NOT NULL,
    target_identity_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    token_id uuid NOT NULL,
    body_digest bytea NOT NULL,
    claims jsonb NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT pk_idempotency_key PRIMARY KEY (caller_identity_id, key, target_identity_id, organization_id)
  )`,
  `CREATE INDEX ix_idempotency_key_expires_at ON idempotency_key (expires_at)`,

  `CREATE TABLE audit_event (
    id uuid NOT NULL,
    event text NOT NULL,
    outcome text NOT NULL,
    organization_id uuid,
    actor_identity_id uuid,
    actor_token_id uuid,
    identity_id uuid,
    token_id uuid,
    details jsonb NOT NULL,
    ip_address text,
    user_agent text,
    req_id text,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_audit_event PRIMARY KEY (id)
  )`,
  `CREATE INDEX ix_audit_event_organization_id_created_at_id ON audit_event (organization_id, created_at, id)`,
  `CREATE INDEX ix_audit_event_organization_id_event_created_at_id
    ON audit_event (organization_id, event, created_at, id)`,
  `CREATE INDEX ix_audit_event_organization_id_actor_identity_id_created_at_id
    ON audit_event (organization_id, actor_identity_id, created_at, id)`,
  `CREATE INDEX ix_audit_event_organization_id_identity_id_created_at_id
    ON audit_event (organization_id, identity_id, created_at, id)`,
  `CREATE INDEX ix_audit_event_organization_id_token_id_created_at_id
    ON audit_event (organization_id, token_id, created_at, id)`,
];

const NAMES = [
  'audit_event',
  'idempotency_key',
  'replica',
  'epoch',
  'revocation',
  'access_token_usage',
  'access_token',
  'signing_key',
  'token_auth_config',
  'membership',
  'role',
  'identity_metadata',
  'identity',
  'organization',
  'instance',
];

/** Lays out identities, their tokens, what is revoked, the keys and the audit log. */
export class CreateTables1795500000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    for (const statement of TABLES) await db.query(statement);
  }

  async down(db: QueryRunner): Promise<void> {
    for (const name of NAMES) await db.query(`DROP TABLE ${name}`);
  }
}
