package templates

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Why a page has no sample of a state. Everything else is to be shown.
var exceptions = map[string]string{
	"answered": "what cannot be read is answered by the page problem-500, which has no content of the page",
	"single":   "it shows one thing, which is there or answered by the page problem-404",
	"form":     "it is a form or a question: it has no rows",
	"still":    "it takes nothing that could be wrong",
	"fixed":    "its content does not depend on data",
}

// states says for each page which sample is which state, or by which exception it has none. "full" is the one of the pictures.
var states = map[string]string{
	"API":                "empty=fixed one=fixed full:api error=fixed",
	"Applications":       "empty:applications-empty one:applications-one full:applications-full error:applications-error",
	"Application":        "empty:application-empty one=single full:application-accounts error=answered",
	"Ask":                "empty=form one=form full:ask-discard error:ask-adopt",
	"AskMore":            "empty=form one=form full:portal-role-give error:portal-role-give-error",
	"Asked":              "empty:asked-empty one:asked-one full:asked-full error=answered",
	"Approvals":          "empty:approvals-empty one:approvals-one full:approvals-full error=answered",
	"ApprovalsDone":      "empty=single one=single full:approvals-done error=still",
	"Reviews":            "empty:reviews-empty one:reviews-one full:reviews-full error=answered",
	"Review":             "empty:review-over one:review-one full:review-full error=answered",
	"ReviewCheck":        "empty=form one=form full:review-check error:review-check-error",
	"ReviewSign":         "empty:review-sign-left one=single full:review-sign error=answered",
	"ReviewBatchPage":    "empty:review-batch-empty one:review-batch-one full:review-batch error=answered",
	"ReviewItem":         "empty=single one=single full:review-item error:review-item-error",
	"Offers":             "empty:offers-empty one:offers-one full:offers-full error=answered",
	"Request":            "empty=single one:request-own full:request-decide error:request-error",
	"Wish":               "empty=form one=form full:wish-form error:wish-error",
	"WishCheck":          "empty=single one=single full:wish-check error=answered",
	"Backtest":           "empty:backtest-empty one:backtest-one full:backtest-full error:backtest-error",
	"Campaigns":          "empty:campaigns-empty one:campaigns-one full:campaigns-full error:campaigns-error",
	"EvidenceHome":       "empty:evidence-empty one:evidence-one full:evidence-full error:evidence-error",
	"EvidenceControl":    "empty:evidence-control-empty one:evidence-control-one full:evidence-control error:evidence-control-error",
	"EvidencePopulation": "empty:evidence-population-empty one:evidence-population-one full:evidence-population error:evidence-population-error",
	"EvidenceSample":     "empty:evidence-sample-gone one:evidence-sample-one full:evidence-sample error:evidence-sample-moved",
	"EvidenceLog":        "empty:evidence-log-empty one:evidence-log-one full:evidence-log error:evidence-log-error",
	"EvidenceSheet":      "empty:evidence-sheet-nothing one:evidence-sheet-one full:evidence-sheet error:evidence-sheet-open",
	"EvidenceLimits":     "empty=fixed one=fixed full:evidence-limits error:evidence-limits-error",
	"EvidenceSchedules":  "empty:evidence-schedules-empty one:evidence-schedules-one full:evidence-schedules error=answered",
	"EvidenceSchedule":   "empty=single one:evidence-schedule-one full:evidence-schedule error:evidence-schedule-stopped",
	"EvidenceOpened":     "empty:evidence-opened-empty one:evidence-opened-one full:evidence-opened error=answered",
	"Privacy":            "empty:privacy-empty one:privacy-one full:privacy-full error:privacy-error",
	"Erasure":            "empty:erasure-over one=form full:erasure-do error:erasure-error",
	"CampaignMonitor":    "empty:campaign-monitor-over one:campaign-monitor-one full:campaign-monitor error=answered",
	"CampaignResults":    "empty:campaign-results-empty one=single full:campaign-results error:campaign-results-differs",
	"CampaignForm":       "empty=form one=form full:campaign-form error:campaign-form-error",
	"CampaignCheck":      "empty:campaign-check-nothing one:campaign-check-one full:campaign-check-as error:campaign-check-nothing",
	"Change":             "empty=single one=single full:change-planned error:change-error",
	"ChangeNew":          "empty=form one=form full:change-new error:change-new-error",
	"Changes":            "empty:changes-empty one:changes-one full:changes-full error=answered",
	"Checked":            "empty=single one=single full:people-checked error=answered",
	"Conflict":           "empty:conflict-withheld one=single full:conflict-open error:conflict-error",
	"Connector":          "empty:connector-readonly one=single full:connector-preview error:connector-unreachable",
	"Dashboard":          "empty:dashboard-uncounted one:dashboard-quiet full:dashboard-full error:dashboard-error",
	"Delegations":        "empty:delegations-empty one:delegations-one full:delegations-full error=answered",
	"DemoFeed":           "empty:demo-empty one:demo-one full:demo-feed error:demo-empty",
	"DemoChange":         "empty=form one=form full:demo-change error=answered",
	"Done":               "empty=single one=single full:done error=still",
	"Ending":             "empty:ending-none one:ending-over full:ending-live error:ending-live",
	"Enrol":              "empty=form one=form full:signin-enrol error:signin-enrol-wrong",
	"Entitlement":        "empty=form one=form full:entitlement-edit error:entitlement-error",
	"Expect":             "empty:expect-empty one:expect-one full:expect-full error:expect-error",
	"Explain":            "empty:explain-start one=single full:explain-not error=answered",
	"FactorApp":          "empty=form one=form full:factor-app error:factor-app-wrong",
	"FactorName":         "empty=form one=form full:factor-name error:factor-name-error",
	"FactorPasskey":      "empty=form one=form full:factor-passkey error:factor-passkey-error",
	"Factors":            "empty:factors-elsewhere one:factors-one full:factors-full error=answered",
	"GalleryIndex":       "empty=fixed one=fixed full=fixed error=fixed",
	"Handover":           "empty=form one=form full:handover-ask error:handover-ask",
	"History":            "empty=single one:history-one full:history-full error=answered",
	"Home":               "empty:home-employee one:home-busy-employee full:home-full error=answered",
	"Inbox":              "empty:inbox-empty one:inbox-one full:inbox-full error=answered",
	"KeysHelp":           "empty=fixed one=fixed full:keys-help error=fixed",
	"Mine":               "empty:mine-empty one:mine-one full:mine-full error=answered",
	"Move":               "empty:move-none one:move-done full:move-future error=answered",
	"NewCodes":           "empty=fixed one=fixed full:factor-codes error=still",
	"Mining":             "empty:mining-empty one:mining-one full:mining-full error:mining-error",
	"MiningRun":          "empty:mining-run-empty one:mining-run-one full:mining-run-full error=answered",
	"Operation":          "empty=single one=single full:operation-verified error:operation-failed",
	"Operations":         "empty:operations-empty one:operations-one full:operations-full error:operations-error",
	"OperationsAsk":      "empty=form one=form full:operations-retry error:operations-release",
	"OperationsDone":     "empty=single one=single full:operations-done error=still",
	"OrphanAsk":          "empty=form one=form full:orphan-claim error:orphan-claim-error",
	"Orphans":            "empty:orphans-empty one:orphans-one full:orphans-full error=answered",
	"Outliers":           "empty:outliers-empty one:outliers-one full:outliers-full error=answered",
	"People":             "empty:people-empty one:people-one full:people-full error:people-error",
	"Permissions":        "empty=fixed one=fixed full:permissions-full error=answered",
	"Person":             "empty:person-left one=single full:person-full error:person-wrong-date",
	"Policy":             "empty:policy-roles-empty one:policy-roles-one full:policy-rules error=answered",
	"PortalRoles":        "empty:portal-roles-empty one:portal-roles-one full:portal-roles-full error=answered",
	"Problem":            "empty=fixed one=fixed full:problem-409 error:problem-500",
	"Profile":            "empty=form one=form full:profile-plain error:profile-error",
	"Recovery":           "empty=fixed one=fixed full:signin-recovery error=still",
	"ReplaceSecret":      "empty=form one=form full:connector-secret error:connector-secret-error",
	"Resume":             "empty=form one=form full:stepup-resume error=still",
	"Role":               "empty:role-empty one:role-one full:role-full error:role-error",
	"Run":                "empty:run-unchanged one=single full:run-held error:run-error",
	"RunList":            "empty:run-people-empty one:run-people-one full:run-people error=answered",
	"Runs":               "empty:runs-empty one:runs-one full:runs-full error=answered",
	"RoleTree":           "empty:role-tree-empty one:role-tree-one full:role-tree-full error=answered",
	"Search":             "empty:search-none one:search-one full:search-full error:search-error",
	"Second":             "empty=form one=form full:signin-second error:signin-second-wrong",
	"Secret":             "empty=single one=single full:secret-shown error=answered",
	"SecretAsk":          "empty=form one=form full:secret-ask error=still",
	"Sessions":           "empty:sessions-empty one:sessions-one full:sessions-full error=answered",
	"SignIn":             "empty:signin-plain one:signin-unreachable full:signin-providers error:signin-wrong",
	"Sources":            "empty:sources-empty one:sources-one full:sources-full error:sources-error",
	"StepUp":             "empty=form one=form full:stepup-provider error:stepup-code",
	"TaskPage":           "empty:task-queued one=single full:task-running error:task-failed",
	"Tasks":              "empty:tasks-empty one:tasks-one full:tasks-full error=answered",
	"Team":               "empty:team-empty one:team-one full:team-full error:team-error",
	"Terminate":          "empty=form one=form full:terminate-ask error:terminate-error",
	"Then":               "empty:as-of-none one:as-of-one full:as-of-full error:as-of-error",
	"Trial":              "empty=form one=form full:trial-full error:trial-error",
	"Violations":         "empty:violations-empty one:violations-one full:violations-full error=answered",
	"Workbench":          "empty:workbench-new one:workbench-text full:workbench-full error:workbench-error",
	"TokenMade":          "empty=single one=single full:token-made error=still",
	"Tokens":             "empty:tokens-empty one:tokens-one full:tokens-full error:tokens-error",
	"Webhook":            "empty:webhook-empty one:webhook-one full:webhook-full error=answered",
	"WebhookMade":        "empty=single one=single full:webhook-made error=still",
	"Webhooks":           "empty:webhooks-empty one:webhooks-one full:webhooks-full error=answered",
}

// stateOf gives the sample of a page's state, or the exception.
func stateOf(page, state string) (sample, exception string) {
	for _, word := range strings.Fields(states[page]) {
		if is, name, ok := strings.Cut(word, ":"); ok && is == state {
			return name, ""
		}
		if is, why, ok := strings.Cut(word, "="); ok && is == state {
			return "", why
		}
	}
	return "", ""
}

// TestEveryPageShowsItsStates finds every page in the templates and wants a sample of it empty, with one, full and in error, or
// one of the written reasons why there is none. The browser's test then looks at each of them in every look.
func TestEveryPageShowsItsStates(t *testing.T) {
	samples := map[string]bool{}
	for _, s := range Gallery(context.Background()) {
		samples[s.Name] = true
	}
	files, err := filepath.Glob("*.templ")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^templ ([A-Z]\w*)\(s ui\.Shell`).FindAllSubmatch(text, -1) {
			found[string(m[1])] = true
		}
	}
	for page := range found {
		for _, state := range []string{"empty", "one", "full", "error"} {
			switch sample, why := stateOf(page, state); {
			case sample == "" && exceptions[why] == "":
				t.Errorf("page %s has no sample that is %q, and no reason why: add one to the gallery, and it to the table here", page, state)
			case sample != "" && !samples[sample]:
				t.Errorf("page %s %s: there is no sample %s", page, state, sample)
			}
		}
	}
	for page := range states {
		if !found[page] {
			t.Errorf("page %s is gone: take it out of the table", page)
		}
	}
}
