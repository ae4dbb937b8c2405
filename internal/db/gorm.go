package db

import (
	"database/sql"
	"errors"

	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/schema"
)

// openGorm makes the gorm that every transaction borrows: no hooks, no default transactions, tables named in the singular.
func openGorm(pool *sql.DB) (*gorm.DB, error) {
	return gorm.Open(postgres.New(postgres.Config{Conn: pool}), &gorm.Config{
		SkipDefaultTransaction: true, DisableAutomaticPing: true, Logger: logger.Discard,
		NamingStrategy: schema.NamingStrategy{SingularTable: true},
	})
}

// ride is gorm's seat in a transaction that Do began: gorm may make savepoints in it, but only Do commits or rolls back.
type ride struct{ *sql.Conn }

var errOnlyDo = errors.New("only db.Do commits or rolls back")

// Commit refuses.
func (ride) Commit() error { return errOnlyDo }

// Rollback refuses.
func (ride) Rollback() error { return errOnlyDo }
