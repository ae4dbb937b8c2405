// Package notify tells people and systems what happened: by mail, by Slack, and by webhooks.
//
// A message is stored in the transaction of the act that causes it (Send, Hook): no act, no message. How it goes out stands in the table
// delivery: a letter, a Slack message or a call of a webhook. Jobs only ring; workers claim deliveries under an epoch, send them, and report
// under it. A worker that is killed after sending and before reporting sends again: everything is told at least once, under the same
// Message-ID or id. What fails is tried again later and later, then it is dead; a dead Slack message becomes a letter.
//
// Who is linked with Slack is told there, everybody else by mail: at once, or once a day at an hour of their own. What is optional can be
// switched off; a duty cannot. What a person may do about it is decided in the portal: a letter holds one link to a page behind the
// sign-in, and opening it changes nothing.
//
// A thread is a path, "request/9/step/2": mail programs see its first two parts as one conversation, and Close closes a thread with
// everything below it. Messages and deliveries are derived and not governed; webhooks and the links of Slack users are.
//
// In a database whose time is moved by hand nobody is told anything: messages are stored, and no delivery is made.
package notify
