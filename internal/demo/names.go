package demo

import (
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/mozillazg/go-unidecode"
)

// culture is where names come from, so that first and last names go together.
type culture struct{ first, last []string }

func words(s string) []string { return strings.Fields(s) }

// cultures were written for the demo. Many names have letters that a login name cannot hold, and some another script.
var cultures = []culture{
	{words("Anneliese Björn Dörte Frieder Greta Henning Jörg Katja Lennart Maike Rüdiger Sönke Tilman Ulrike Wiebke"),
		words("Ahlers Böhm Dreßler Fröhlich Grünewald Hänsel Jürgens Köster Lüders Möhring Nissen Petersen Schäfer Thießen Völker")},
	{words("Åsa Bjørn Eirik Freja Gudrún Håkon Ingeborg Kjersti Mårten Ragnhild Sigrún Søren Tuva Øyvind"),
		words("Åkesson Bjørnstad Dahlström Eliasson Guðmundsdóttir Halvorsen Jørgensen Kvåle Løkken Nygård Sjöholm Strand Tveit Ødegård")},
	{words("Agnieszka Bartłomiej Dobrosława Grzegorz Jadwiga Łukasz Małgorzata Przemysław Stanisław Wojciech Zdzisława Żaneta"),
		words("Brzęczek Dąbek Głowacz Jabłoń Kołodziej Łęcki Mączka Pięta Sroczyk Świerk Wrzos Żurawik")},
	{words("Bohumil Drahomíra Eliška Jiří Květa Ludmila Matěj Ondřej Šárka Tomáš Věra Zdeněk"),
		words("Beránková Čermák Doležal Hořák Jelínková Kučera Ptáčník Růžička Šimůnek Třešňák Vacek Žďárský")},
	{words("Ayşe Barış Çağla Deniz Emre Gülşen İlker Nazlı Özgür Şebnem Tuğçe Yiğit"),
		words("Akgün Başaran Çetin Demirtaş Ertuğ Gökçe Işık Kılınç Özkan Şenol Turgut Yıldırım")},
	{words("Adrião Beatriz Conceição Duarte Estevão Inês João Leonor Mafalda Simão Tomé Zulmira"),
		words("Abrantes Brandão Caldeira Falcão Gouveia Leitão Magalhães Noronha Paixão Quintão Serrão Vilão")},
	{words("Begoña Íñigo Jesús Lucía Martín Nuria Óscar Pilar Ramón Sofía Valentín Ximena"),
		words("Aguirre Ibáñez Carreño Escudero Fariña Liñán Muñiz Ordóñez Peña Quiñones Sepúlveda Zúñiga")},
	{words("Aurélie Benoît Célestine Étienne François Gaëlle Hélène Jérôme Loïc Maëlys Noël Zoé"),
		words("Béranger Chênevert Delaunay Fauré Gérault Lefèvre Maréchal Noiret Préjean Rivière Sévigny Tréguier")},
	{words("Ănuța Bogdan Crenguța Dumitru Florica Ionuț Lăcrămioara Mihaela Răzvan Ștefan Țicu Viorica"),
		words("Bălan Ciobănoiu Drăgoi Fântânaru Lăzureanu Mărgean Oprișan Pârvu Rădulea Șerbu Țurcanu Văcăroiu")},
	{words("Bảo Đức Hạnh Hương Khánh Linh Ngọc Phượng Quỳnh Thảo Tuấn Việt"),
		words("Bùi Đặng Đỗ Hồ Huỳnh Lê Ngô Phạm Phan Trần Võ Vũ")},
	{words("Akiko Daichi Emiko Haruto Kōji Mizuki Naoko Ryōta Sayuri Shō Tarō Yūka"),
		words("Andō Endō Fujiwara Gotō Hirano Inoue Katō Kondō Murakami Ōno Saitō Yūki")},
	{words("Adébáyọ̀ Àjọkẹ́ Bọ́lá Chidinma Emeka Fọlákẹ́ Ifẹ́ Kẹ́hìndé Ngozi Obinna Ṣadé Tóbi"),
		words("Adéyẹmí Àlàbí Balógun Chukwu Ẹkúndayọ̀ Ìdòwú Nwosu Ọláńrewájú Okonjo Ọ̀ṣúnbíyí Ṣóyínká Umeh")},
	{words("Akinyi Barasa Chebet Jelimo Kamau Makena Moraa Njoroge Odhiambo Wairimu Wanjala Zawadi"),
		words("Achieng Cheruiyot Gathoni Kiplagat Kimathi Maina Mwangi Muthoni Njeri Otieno Wafula Wambui")},
	{words("Amīna Bilāl Fāṭima Ḥasan Jamīla Khālid Līnā Nūr Rashīd Salmā Ṭāriq Zaynab"),
		words("al-Baṣrī al-Ḥaddād al-Kātib an-Najjār ash-Shāmī Ḥijāzī Manṣūr Nāṣir Qāsim Ṣabbāgh Yūsuf Zaydān")},
	{words("Anjali Devika Gautam Harsha Ishaan Kavya Lakshmi Manoj Nandini Pranav Rohini Vikram"),
		words("Bhandari Chatterjee Deshpande Gokhale Iyengar Kulkarni Menon Naidu Pillai Raghavan Subramaniam Varma")},
	{words("Ελένη Γιώργος Δήμητρα Θανάσης Κατερίνα Νίκος"), words("Αλεξίου Βασιλάκης Καραμπέτσος Μελισσηνός Παππάς Σταυρίδης")},
	{words("Богдан Ганна Ірина Мирослав Олена Тарас"), words("Бондарук Гайдук Дорошук Лисенко Мельничук Шевчук")},
	{words("Colm Eithne Gráinne Niamh Oisín Róisín Seán Úna"), words("Breathnach MacGabhann Mulqueen O'Dea O'Ríordáin Ó_Súilleabháin Tierney Walsh-Keane")},
}

// names gives people names and mail addresses that nobody else has.
type names struct {
	rng    *rand.Rand
	people map[string]bool
	mails  map[string]bool
}

func newNames(rng *rand.Rand) *names {
	return &names{rng: rng, people: map[string]bool{}, mails: map[string]bool{}}
}

func pick[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }

func (n *names) person() (first, last string) {
	for {
		c := pick(n.rng, cultures)
		first, last = pick(n.rng, c.first), strings.ReplaceAll(pick(n.rng, c.last), "_", " ")
		if !n.people[first+" "+last] {
			n.people[first+" "+last] = true
			return first, last
		}
	}
}

// mail makes an address of ASCII letters that is not given yet.
func (n *names) mail(first, last string) string {
	base := mailName(first) + "." + mailName(last)
	mail := base + "@example.com"
	for i := 2; n.mails[mail]; i++ {
		mail = base + strconv.Itoa(i) + "@example.com"
	}
	n.mails[mail] = true
	return mail
}

func mailName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r == '-' {
			return r
		}
		return -1
	}, strings.ToLower(unidecode.Unidecode(s)))
	if s = strings.Trim(s, "-"); s == "" {
		return "person"
	}
	return s
}
