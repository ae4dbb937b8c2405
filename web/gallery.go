package web

import "tenure/templates"

// gallery lists the samples of every page; only where it was asked for (tenure serve --gallery).
func (s *server) gallery(r *request) error {
	if !s.samples {
		return nothing("page")
	}
	return r.show(templates.GalleryIndex(r.shell(r.T("Gallery"))))
}

// galleryPage shows one sample.
func (s *server) galleryPage(r *request) error {
	if s.samples {
		for _, x := range templates.Gallery(r.Request.Context()) {
			if x.Name == r.Param("name") {
				return r.show(x.Page)
			}
		}
	}
	return nothing("page")
}
