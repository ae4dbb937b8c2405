-- Passkeys. What somebody has as a second step is governed: nobody gets one without an event. How often it was used is no change of it.
-- +goose Up

-- When and how far each was used.
create table second_factor_use (
    factor_id  int primary key references second_factor,
    last_step  bigint not null default 0, -- the last used time step of an authenticator app: a code works once
    sign_count bigint not null default 0, -- how often a passkey says that it signed
    used_at    timestamptz
);
insert into second_factor_use (factor_id, last_step, used_at) select id, last_step, used_at from second_factor;
alter table second_factor drop column last_step, drop column used_at, drop column credential, drop column handle,
    add column copied_at timestamptz; -- when the counter of a passkey went back: it signs nobody in any more
revoke update on second_factor from tenure_app;
grant update (name, removed_at, copied_at) on second_factor to tenure_app;
call govern('second_factor');

-- The public half of a passkey, which never changes.
create table passkey (
    factor_id       int primary key references second_factor,
    handle          bytea not null constraint passkey_is_one_persons unique, -- its credential id
    public_key      bytea not null, -- COSE (RFC 9052)
    transports      text[] not null default '{}',
    backup_eligible boolean not null
);
revoke update on passkey from tenure_app;
call govern('passkey');

-- Questions that were answered: an answer counts once. Rows are deleted when the question is long over.
create table passkey_answer (
    challenge   bytea primary key, -- SHA-256
    answered_at timestamptz not null default clock_timestamp()
);
create index passkey_answer_at on passkey_answer (answered_at);
grant delete on passkey_answer to tenure_app;

revoke update on recovery_code from tenure_app;
grant update (used_at) on recovery_code to tenure_app;
call govern('recovery_code');
