// Package pgserver runs Tenure's private PostgreSQL: the database of an installation that has no DATABASE_URL.
//
// Several processes of Tenure share one data folder and come and go in any order, also by kill -9. So the server is nobody's
// child: a detached keeper owns it. Four lock files in the data folder say who is there, and because the kernel drops a
// lock with its last holder, they are right after every crash:
//
//	pg.lock         shared by every client for as long as it uses the server. The keeper waits for it exclusively:
//	                getting it means that the last client has gone, and it stops the server while it still holds it,
//	                so that a newcomer waits for the stop and then starts anew.
//	pg.start.lock   held by who starts the server and handed on to the keeper until the server answers: whoever gets it
//	                finds either a server or nothing.
//	pg.keeper.lock  held by the keeper for its whole life.
//	pg.run.lock     inherited by PostgreSQL and all its children: free means that none of them is left, so the data folder
//	                may be used, and what a killed server left behind may be cleared away.
//
//	client            keeper                     postgres
//	  | share pg.lock
//	  | pg.start.lock
//	  +---- exec ------> pg.keeper.lock
//	  |                  pg.run.lock ----- exec ---->  (dies with its keeper)
//	  | <--- pipe: ready or why not
//	  | use ...          waits for pg.lock
//	  | gone             has it: fast stop ------>  ends
//
// A server that dies is started again by its keeper, a keeper that dies by any of its clients, both at the same address,
// so that connection pools only have to reconnect.
//
// Everything lives in the data folder: postgres/ (the cluster), socket/, postgres.log, postgres.state. PostgreSQL refuses to
// run as root; for root the server runs as the owner of the cluster, else as the user postgres, else as nobody. That user
// need not be able to reach the data folder (a checkout under /root): on Linux it is handed the opened folders and names
// them /proc/self/fd/N. Elsewhere the path must be open to it.
//
// Every connection needs the password that initdb was given (SCRAM, RFC 7677): a private folder alone would not keep out
// other programs that run as the user postgres.
package pgserver
