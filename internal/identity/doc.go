// Package identity is who works here: people, their employments over time, the organisation and managers.
//
// A person is one human with one or more employments. What an employment is like (department, title, manager ...) is kept as
// versions with two times: valid (when it is true) and known (when Tenure learned it). Nothing is overwritten. A person's
// state follows from the employments and the time, and is stored so that it can be searched.
//
//	prehire -> active -> leave -> active ... -> left -> prehire | active   (a person can come back)
//
// The package holds facts only. What must follow when a person changes is decided in lifecycle.
package identity
