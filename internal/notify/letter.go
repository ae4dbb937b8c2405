package notify

import (
	"context"
	"errors"

	"github.com/wneessen/go-mail"
)

// Letter sends a letter of plain text to an address that is nobody's in the portal, at once: an auditor's.
func (s *Service) Letter(ctx context.Context, to, subject, text string) error {
	if s.Mail == nil {
		return errors.New("mail is not set up")
	}
	msg := mail.NewMsg()
	if err := errors.Join(msg.From(s.Mail.From.String()), msg.To(to)); err != nil {
		return err
	}
	msg.Subject(subject)
	msg.SetBodyString(mail.TypeTextPlain, text)
	c, err := s.Mail.client()
	if err != nil {
		return err
	}
	return c.DialAndSendWithContext(ctx, msg)
}
