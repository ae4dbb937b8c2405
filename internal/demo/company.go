package demo

// Name is the company's.
const Name = "Kestrel Bay Instruments"

// site is a place of work with its time zone.
type site struct{ name, zone string }

var sites = []site{
	{"Hamburg", "Europe/Berlin"},
	{"Lisbon", "Europe/Lisbon"},
	{"Toronto", "America/Toronto"},
	{"Nairobi", "Africa/Nairobi"},
	{"Osaka", "Asia/Tokyo"},
}

// department has a head and titles, from the first step of a career on; a weight says how common a title is.
type department struct {
	name, head string
	weight     int
	titles     []job
}

type job struct {
	title  string
	weight int
}

var departments = []department{
	{"Management", "Managing Director", 1, []job{{"Executive Assistant", 2}, {"Chief of Staff", 1}}},
	{"Engineering", "Head of Engineering", 22, []job{{"Hardware Engineer", 4}, {"Software Engineer", 7}, {"Senior Software Engineer", 4}, {"Product Manager", 2}}},
	{"Production", "Head of Production", 24, []job{{"Assembly Technician", 9}, {"Quality Inspector", 4}, {"Production Planner", 2}}},
	{"Sales", "Head of Sales", 16, []job{{"Sales Analyst", 2}, {"Account Manager", 6}, {"Senior Account Manager", 3}}},
	{"Customer Care", "Head of Customer Care", 18, []job{{"Support Agent", 8}, {"Field Technician", 4}, {"Support Lead", 2}}},
	{"Finance", "Head of Finance", 8, []job{{"Accountant", 5}, {"Payroll Specialist", 1}, {"Controller", 2}}},
	{"People", "Head of People", 5, []job{{"Recruiter", 2}, {"HR Partner", 3}}},
	{"IT", "Head of IT", 8, []job{{"Service Desk Analyst", 3}, {"System Administrator", 3}, {"Security Analyst", 1}, {"Database Administrator", 1}}},
}

// Departments names them in the order of the company's chart.
func Departments() []string {
	out := make([]string, len(departments))
	for i, d := range departments {
		out[i] = d.name
	}
	return out
}

// Kinds of workers.
const (
	employee   = "employee"
	contractor = "contractor"
	intern     = "intern"
)

// member is somebody who is always there: a visitor signs in as one of them.
type member struct {
	first, last, department, title, site string
	role                                 string // in the portal, "" for none
}

// cast has the heads of department first, in the order of departments, so that each reports to who came before.
var cast = []member{
	{"Ingrid", "Sørlie", "Management", "Managing Director", "Hamburg", ""},
	{"Mireille", "Câtelain", "Engineering", "Head of Engineering", "Toronto", ""},
	{"Takumi", "Ōhashi", "Production", "Head of Production", "Osaka", ""},
	{"Rosário", "Vilaça", "Sales", "Head of Sales", "Lisbon", ""},
	{"Wanjiru", "Karimi", "Customer Care", "Head of Customer Care", "Nairobi", ""},
	{"Detlef", "Großkopf", "Finance", "Head of Finance", "Hamburg", ""},
	{"Halina", "Wąsik", "People", "Head of People", "Hamburg", "compliance"},
	{"Jonas", "Edström", "IT", "Head of IT", "Hamburg", "administrator"},
	{"Tomé", "Falcão", "People", "HR Partner", "Lisbon", "hr"},
	{"Chidi", "Ọ̀ṣọ́", "IT", "System Administrator", "Hamburg", "it"},
	{"Maëlle", "Tréhin", "Management", "Chief of Staff", "Hamburg", "compliance"},
	{"Nanami", "Kōda", "Finance", "Controller", "Osaka", "auditor"},
	{"Zeynep", "Gülşah", "IT", "Security Analyst", "Hamburg", ""},
}

// Who acts in the history, by number.
const (
	loader   = "1009" // Tomé Falcão, HR Partner, sends the files
	releaser = "1011" // Maëlle Tréhin, Chief of Staff, is the second person
)
