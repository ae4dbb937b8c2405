package web

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"tenure/internal/db"
	"tenure/internal/errs"
	"tenure/internal/policy"
	"tenure/static"
)

// Public is the permission of a route that needs no sign-in.
const Public = "public"

const (
	get  = http.MethodGet
	post = http.MethodPost

	healthPath = "/healthz"
	uploadPath = "/hr/sources/:name/upload"
)

// handler answers a request, or gives the error that answers it.
type handler func(*request) error

// route is one address of the portal. A GET answers HEAD as well.
type route struct {
	method, path string
	permission   string // of policy.Portal, or Public
	handler      handler
}

func (r route) methods() []string {
	if r.method == get {
		return []string{get, http.MethodHead}
	}
	return []string{r.method}
}

// routes is every address there is, with the permission it needs. Rules about single objects (one's own page, one's team, the
// application one owns) are the handlers'.
func (s *server) routes() []route {
	all := []route{
		{get, static.Prefix + "*file", Public, s.staticFile},
		{get, healthPath, Public, s.health},
		{get, "/signin", Public, s.signInAsk},
		{post, "/signin", Public, s.signIn},
		{get, "/signin/second", Public, s.secondAsk},
		{post, "/signin/second", Public, s.second},
		{get, "/signin/enrol", Public, s.enrolAsk},
		{post, "/signin/enrol", Public, s.enrol},
		{get, "/signin/with/:name", Public, s.providerGo},
		{get, backPath + ":name", Public, s.providerBack},
		{post, "/signout", Public, s.signOut},
		{get, "/stepup", "session.mine", s.stepUpAsk},
		{post, "/stepup", "session.mine", s.stepUp},
		{get, "/stepup/resume", "session.mine", s.stepUpResume},
		{post, "/theme", Public, s.themeSet},

		{get, "/", "home.read", s.home},
		{get, "/inbox", "inbox.read", s.inbox},
		{get, "/dashboard", "dashboard.read", s.dashboard},

		{get, "/people", "person.list", s.peopleList},
		{get, "/people/:id", "person.read", s.personShow},
		{get, "/people/:id/terminate", "person.terminate", s.terminateAsk},
		{post, "/people/:id/terminate", "person.terminate", s.terminate},
		{get, "/people/:id/reinstate", "person.terminate", s.reinstateAsk},
		{post, "/people/:id/reinstate", "person.terminate", s.reinstate},

		{post, "/people/chosen", "person.list", s.peopleChosen},
		{post, "/people/check", "application.check_any", s.peopleCheck},
		{get, "/people/:id/move", "person.read", s.personMove},
		{get, "/people/:id/handover", "person.handover", s.handoverAsk},
		{post, "/people/:id/handover", "person.handover", s.handoverKeep},
		{get, "/people/:id/explain", "person.read", s.personExplain},
		{get, "/team", "team.read", s.team},
		{get, "/search", "search.use", s.search},

		{get, "/me/profile", "access.mine", s.profile},
		{post, "/me/profile", "access.mine", s.profileSave},
		{post, "/views", "access.mine", s.viewSave},
		{post, "/views/:id/delete", "access.mine", s.viewDelete},
		{get, "/help/keys", "access.mine", s.keysHelp},
		{get, "/gallery", Public, s.gallery},
		{get, "/gallery/:name", Public, s.galleryPage},

		{get, "/me", "access.mine", s.mine},
		{get, "/me/secrets/:id", "access.mine", s.secretAsk},
		{post, "/me/secrets/:id", "access.mine", s.secretShow},
		{get, "/me/tokens", "token.mine", s.tokens},
		{post, "/me/tokens", "token.make", s.tokenMake},
		{post, "/me/tokens/:id/revoke", "token.mine", s.tokenRevoke},
		{get, "/me/sessions", "session.mine", s.sessionsMine},
		{post, "/me/sessions/:id/end", "session.mine", s.sessionEnd},
		{post, "/me/sessions/end-others", "session.mine", s.sessionEndOthers},
		{get, "/me/factors", "second_factor.mine", s.factors},
		{get, "/me/factors/app", "second_factor.change", s.factorAppAsk},
		{post, "/me/factors/app", "second_factor.change", s.factorApp},
		{get, "/me/factors/passkey", "second_factor.change", s.factorPasskeyAsk},
		{post, "/me/factors/passkey", "second_factor.change", s.factorPasskey},
		{get, "/me/factors/recovery", "second_factor.change", s.recoveryAsk},
		{post, "/me/factors/recovery", "second_factor.change", s.recovery},
		{get, "/me/factors/:id/name", "second_factor.change", s.factorNameAsk},
		{post, "/me/factors/:id/name", "second_factor.change", s.factorName},
		{get, "/me/factors/:id/remove", "second_factor.change", s.factorRemoveAsk},
		{post, "/me/factors/:id/remove", "second_factor.change", s.factorRemove},

		{get, "/me/delegations", "delegation.mine", s.delegations},
		{post, "/me/delegations", "delegation.mine", s.delegationMake},
		{get, "/me/delegations/new", "delegation.mine", s.delegationAsk},
		{get, "/me/delegations/:id/end", "delegation.mine", s.delegationEndAsk},
		{post, "/me/delegations/:id/end", "delegation.mine", s.delegationEnd},

		{get, offersURL, "offer.read", s.offers},
		{get, requestsURL, "request.mine", s.asked},
		{get, wishURL, "request.mine", s.wishAsk},
		{post, requestsURL, "request.mine", s.wishSend},
		{post, requestsURL + "/activate", "request.activate", s.wishSend},
		{get, requestsURL + "/:ref", "request.mine", s.askShow},
		{post, requestsURL + "/:ref/say", "request.mine", s.askSay},
		{post, requestsURL + "/:ref/remind", "request.mine", s.askRemind},
		{get, requestsURL + "/:ref/items/:item/:act", "request.mine", s.itemAsk},
		{post, requestsURL + "/:ref/items/:item/:act", "request.mine", s.itemDo},
		{get, approvalsURL, "request.decide", s.approvals},
		{post, approvalsURL, "request.decide", s.approvalsDecide},
		{post, "/steps/:id/decide", "request.decide", s.decide},
		{get, "/steps/:id/reassign", "request.decide", s.reassignAsk},
		{post, "/steps/:id/reassign", "request.decide", s.reassign},

		{get, reviewsURL, "review.mine", s.reviews},
		{get, reviewsURL + "/:id", "review.mine", s.reviewShow},
		{get, reviewsURL + "/:id/decide", "review.mine", s.reviewDecideAsk},
		{post, reviewsURL + "/:id/decide", "review.mine", s.reviewDecide},
		{post, reviewsURL + "/:id/chosen", "review.mine", s.reviewChosen},
		{post, reviewsURL + "/:id/undo", "review.mine", s.reviewUndo},
		{get, reviewsURL + "/:id/rules", "review.mine", s.reviewRuleAsk},
		{post, reviewsURL + "/:id/rules", "review.mine", s.reviewRule},
		{get, reviewsURL + "/:id/batch", "review.mine", s.reviewBatch},
		{post, reviewsURL + "/:id/batch/open", "review.mine", s.reviewBatchOpen},
		{post, reviewsURL + "/:id/batch/keep", "review.mine", s.reviewBatchKeep},
		{get, reviewsURL + "/:id/reassign", "review.mine", s.reviewReassignAsk},
		{post, reviewsURL + "/:id/reassign", "review.mine", s.reviewReassign},
		{get, reviewsURL + "/:id/sign", "review.mine", s.reviewSignAsk},
		{post, reviewsURL + "/:id/sign", "review.mine", s.reviewSign},
		{get, reviewsURL + "/items/:item", "review.mine", s.reviewItem},
		{post, reviewsURL + "/items/:item/:act", "review.mine", s.reviewItemDo},

		{get, "/portal/roles", "portal.read", s.portalRoles},
		{get, "/portal/roles/give", "portal.give", s.roleGiveAsk},
		{post, "/portal/roles/give", "portal.give", s.roleGive},
		{get, "/portal/roles/:id/take", "portal.give", s.roleTakeAsk},
		{post, "/portal/roles/:id/take", "portal.give", s.roleTake},
		{get, permissionsURL, "portal.read", s.permissions},
		{get, permissionsURL + "/:name", "portal.change", s.permissionAsk},
		{post, permissionsURL + "/:name", "portal.change", s.permissionSave},

		{get, "/hr/sources", "hr.read", s.sources},
		{post, uploadPath, "hr.upload", s.sourceUpload},
		{get, "/hr/runs", "hr.read", s.runs},
		{get, "/hr/runs/:id", "hr.read", s.runShow},
		{post, "/hr/runs/:id/release", "hr.release", s.runRelease},
		{get, "/hr/runs/:id/discard", "hr.release", s.runDiscardAsk},
		{post, "/hr/runs/:id/discard", "hr.release", s.runDiscard},
		{get, "/hr/runs/:id/people", "hr.read", s.runPeople},
		{get, "/hr/runs/:id/rejected", "hr.read", s.runRejected},
		{post, "/hr/runs/:id/look", "hr.release", s.runLook},
		{get, "/hr/expect", "hr.read", s.expect},
		{post, "/hr/expect", "hr.expect", s.expectAnnounce},
		{get, "/hr/held/:id", "hr.release", s.heldAsk},
		{post, "/hr/held/:id", "hr.release", s.heldRelease},

		{get, "/tasks", "task.mine", s.tasks},
		{get, "/tasks/:id", "task.mine", s.taskShow},
		{get, "/tasks/:id/events", "task.mine", s.taskEvents},
		{get, "/tasks/:id/file", "task.mine", s.taskFile},
		{post, "/tasks/:id/cancel", "task.mine", s.taskCancel},
		{get, "/people/:id/terminate/watch", "person.read", s.terminateWatch},
		{get, "/people/:id/terminate/events", "person.read", s.terminateEvents},

		{get, "/applications", "application.read", s.applications},
		{get, "/applications/:name", "application.read", s.applicationShow},
		{post, "/applications/:name/check", "application.check", s.applicationCheck},
		{get, "/applications/:name/adopt", "application.adopt", s.adoptAsk},
		{post, "/applications/:name/adopt", "application.adopt", s.adopt},
		{post, "/applications/:name/release", "operation.release", s.proposalsRelease},

		{post, "/applications/:name/licence", "entitlement.edit", s.licenceSet},
		{get, "/applications/:name/entitlements/:id", "entitlement.edit", s.entitlementAsk},
		{post, "/applications/:name/entitlements/:id", "entitlement.edit", s.entitlementDescribe},
		{get, "/applications/:name/orphans", "account.claim", s.orphans},
		{get, "/applications/:name/orphans/:id/:act", "account.claim", s.orphanAsk},
		{post, "/applications/:name/orphans/:id/:act", "account.claim", s.orphanDo},
		{get, "/applications/:name/connector", "connector.read", s.connectorShow},
		{post, "/applications/:name/connector/test", "connector.run", s.connectorTest},
		{get, "/applications/:name/connector/pause", "connector.run", s.connectorPauseAsk},
		{post, "/applications/:name/connector/pause", "connector.run", s.connectorPause},
		{get, "/applications/:name/connector/resume", "connector.run", s.connectorResumeAsk},
		{post, "/applications/:name/connector/resume", "connector.run", s.connectorResume},
		{get, "/applications/:name/connector/secrets/:field", "connector.secret", s.connectorSecretAsk},
		{post, "/applications/:name/connector/secrets/:field", "connector.secret", s.connectorSecret},

		{get, "/operations", "operation.read", s.operations},
		{post, "/operations/chosen", "operation.release", s.operationsChosen},
		{get, "/operations/:id", "operation.read", s.operationShow},
		{post, "/operations/:id/retry", "operation.retry", s.operationRetry},
		{post, "/operations/:id/check", "application.check", s.operationCheck},

		{get, webhooksURL, "webhook.read", s.webhooks},
		{post, webhooksURL, "webhook.change", s.webhookAdd},
		{get, webhooksURL + "/new", "webhook.change", s.webhookAsk},
		{get, webhooksURL + "/:id", "webhook.read", s.webhookShow},
		{post, webhooksURL + "/:id", "webhook.change", s.webhookAct},
		{post, slackPath, Public, s.slackHook},

		{get, "/policy", "policy.read", s.policyShow},
		{get, roleTreeURL, "policy.read", s.roleTree},
		{get, trialURL, "policy.read", s.trialShow},
		{get, "/policy/roles/:id", "policy.read", s.roleShow},
		{post, "/policy/roles/:id/members", "role.assign", s.roleJoin},
		{get, "/policy/roles/:id/members/:member/end", "role.assign", s.roleEndAsk},
		{post, "/policy/roles/:id/members/:member/end", "role.assign", s.roleEnd},
		{get, "/policy/objects/:id/versions", "policy.read", s.history},
		{post, "/policy/objects/:id/versions/:n/back", "policy.change", s.versionBack},
		{get, benchURL, "policy.change", s.benchNew},
		{post, benchURL, "policy.change", s.benchPlan},
		{get, "/policy/edit/:id", "policy.change", s.benchEdit},
		{post, effectURL, "policy.change", s.benchDraw},
		{get, changesURL, "policy.read", s.changes},
		{post, changesURL, "policy.change", s.changePlan},
		{get, changesURL + "/new", "policy.change", s.changeNew},
		{get, changesURL + "/:id", "policy.read", s.changeShow},
		{post, changesURL + "/:id/approve", "policy.release", s.changeApprove},
		{post, changesURL + "/:id/reject", "policy.change", s.changeReject},
		{post, changesURL + "/:id/reverse", "policy.change", s.changeReverse},
		{get, changesURL + "/:id/backtest", "policy.read", s.backtestShow},
		{post, changesURL + "/:id/backtest", "policy.change", s.backtestStart},
		{get, changesURL + "/:id/backtest/file", "policy.read", s.backtestFile},
		{get, campaignsURL, "campaign.read", s.campaigns},
		{post, campaignsURL, "campaign.manage", s.campaignBuild},
		{post, campaignsURL + "/events", "campaign.manage", s.campaignEventSet},
		{get, campaignsURL + "/new", "campaign.manage", s.campaignNew},
		{get, campaignsURL + "/:ref", "campaign.read", s.campaignShow},
		{get, campaignsURL + "/:ref/edit", "campaign.manage", s.campaignEdit},
		{post, campaignsURL + "/:ref/edit", "campaign.manage", s.campaignChange},
		{post, campaignsURL + "/:ref/start", "campaign.run", s.campaignStart},
		{get, campaignsURL + "/:ref/results", "campaign.read", s.campaignResults},
		{get, campaignsURL + "/:ref/results.csv", "campaign.read", s.campaignFile},
		{get, campaignsURL + "/:ref/objections/:item/:act", "campaign.run", s.campaignObjection},
		{post, campaignsURL + "/:ref/objections/:item/:act", "campaign.run", s.campaignObjectionDo},
		{get, campaignsURL + "/:ref/stop", "campaign.run", s.campaignAsk("stop")},
		{post, campaignsURL + "/:ref/stop", "campaign.run", s.campaignDo("stop")},
		{get, campaignsURL + "/:ref/release", "campaign.run", s.campaignAsk("release")},
		{post, campaignsURL + "/:ref/release", "campaign.run", s.campaignDo("release")},
		{get, campaignsURL + "/:ref/discard", "campaign.run", s.campaignAsk("discard")},
		{post, campaignsURL + "/:ref/discard", "campaign.run", s.campaignDo("discard")},

		{get, miningURL, "policy.read", s.mining},
		{post, miningURL, "policy.change", s.miningStart},
		{get, miningURL + "/:id", "policy.read", s.miningRunShow},
		{get, outliersURL, "policy.read", s.outliers},
		{get, violationsURL, "violation.read", s.violations},
		{get, evidenceURL, "evidence.read", s.evidence},
		{get, logURL, "evidence.read", s.evidenceLog},
		{get, logURL + "/head", "evidence.read", s.logHead},
		{get, logURL + "/verify.py", "evidence.read", s.logVerifier},
		{post, logURL + "/verify", "evidence.read", s.logVerify},
		{post, logURL + "/pack", "evidence.pack", s.logPack},
		{get, schedulesURL, "evidence.read", s.schedules},
		{get, schedulesURL + "/new", "evidence.pack", s.scheduleNew},
		{post, schedulesURL, "evidence.pack", s.scheduleAdd},
		{get, schedulesURL + "/:id", "evidence.read", s.scheduleShow},
		{post, schedulesURL + "/:id", "evidence.pack", s.scheduleAct},
		{get, schedulesURL + "/:id/edit", "evidence.pack", s.scheduleEdit},
		{post, schedulesURL + "/:id/edit", "evidence.pack", s.scheduleChange},
		{get, evidenceURL + "/limits", "evidence.read", s.evidenceLimits},
		{post, evidenceURL + "/limits", "evidence.limit", s.evidenceLimitSet},
		{get, evidenceURL + "/opened", "evidence.read", s.evidenceOpened},
		{get, privacyURL, "evidence.read", s.privacyShow},
		{post, privacyURL, "privacy.decide", s.privacyKeep},
		{get, privacyURL + "/hold", "privacy.decide", s.holdAsk},
		{post, privacyURL + "/hold", "privacy.decide", s.holdPlace},
		{get, privacyURL + "/holds/:id", "privacy.decide", s.holdLiftAsk},
		{post, privacyURL + "/holds/:id", "privacy.decide", s.holdLift},
		{get, "/people/:id/erasure", "privacy.decide", s.erasureAsk},
		{post, "/people/:id/erasure", "privacy.decide", s.erasure},
		{get, evidenceURL + "/controls/:name", "evidence.read", s.evidenceControl},
		{post, evidenceURL + "/controls/:name/pack", "evidence.pack", s.evidencePackControl},
		{get, evidenceURL + "/controls/:name/:population", "evidence.read", s.evidencePopulation},
		{post, evidenceURL + "/controls/:name/:population/draw", "evidence.pack", s.evidenceDraw},
		{post, evidenceURL + "/controls/:name/:population/pack", "evidence.pack", s.evidencePackWhole},
		{get, evidenceURL + "/samples/:id", "evidence.read", s.evidenceSample},
		{post, evidenceURL + "/samples/:id/pack", "evidence.pack", s.evidencePack},
		{get, evidenceURL + "/sheets/:item", "evidence.read", s.evidenceSheet},
		{get, asOfURL, "evidence.read", s.asOf},
		{get, "/people/:id/conflicts/:rule", "violation.read", s.conflict},
		{post, "/people/:id/conflicts/:rule", "violation.accept", s.conflictAccept},
		{get, "/people/:id/conflicts/:rule/end", "violation.accept", s.conflictEndAsk},
		{post, "/people/:id/conflicts/:rule/end", "violation.accept", s.conflictEnd},
	}
	return slices.Concat(all, s.apiRoutes(), s.demoRoutes())
}

// handle makes gin's handler of a route: who is there, may they, then the handler; whatever goes wrong becomes an answer.
func (s *server) handle(r route) gin.HandlerFunc {
	return func(c *gin.Context) {
		q := s.asks(c)
		if err := q.serve(r); err != nil {
			s.fail(q, err)
		}
	}
}

func (r *request) serve(row route) error {
	if err := r.legible(); err != nil {
		return err
	}
	if api(r.Request) {
		return r.serveAPI(row)
	}
	// The state of the process and files that are the same for everybody need nobody's session.
	if row.path != healthPath && row.path != static.Prefix+"*file" {
		if err := r.s.identify(r); err != nil {
			return err
		}
		// Only a page goes on reading in the transaction that found out who is there; others may take their time.
		if row.method != get || row.permission == Public {
			openingOf(r.Request.Context()).end()
		}
	}
	switch {
	case row.permission == Public:
	case r.who == nil:
		return errs.Unauthenticated("please sign in first")
	case !r.inScope(row.permission):
		return errs.Forbidden("the token was not made for it: it would need the scope %q", policy.ScopeOf(row.permission, row.method == get))
	case !r.may(row.permission):
		return errs.Forbidden("your account does not have the right for it (%s); ask an administrator if you need it", row.permission)
	default:
		if answered, err := r.fresh(row.permission); answered || err != nil {
			return err
		}
	}
	if err := r.opened(row); err != nil {
		return err
	}
	err := row.handler(r)
	if db.BadValue(err) && r.Query("cursor") != "" {
		return errs.Invalid("the place in the list cannot be read from the address; open the list anew")
	}
	return err
}
