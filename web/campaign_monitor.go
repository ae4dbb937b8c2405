package web

import "tenure/internal/campaign"

func (r *request) campaignMonitor(c *campaign.Campaign) error { return r.goTo(campaignsURL) }
