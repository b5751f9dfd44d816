# What stands on every page, and the small pages. In every language, the name is the language's own.
language-name = 한국어
page-languages = 언어
page-contact = 궁금한 점이 있으면 문의해 주세요: { $contact }

home-title = 로그인
home-heading = { $brand } 로그인
home-lead = 회사 계정으로 로그인하면 바로 Studio가 열려요.
home-sign-in = 로그인
home-sign-in-with = { $idp } 계정으로 로그인
home-several = 회사에서 쓰는 로그인을 선택해 주세요.
home-portal = 회사 로그인 포털에서 Studio를 열어 주세요. 로그인은 포털에서 시작해요.

sending-title = 로그인 중
sending-lead = 잠시만 기다려 주세요. 회사 로그인 페이지로 이동하고 있어요.
sending-go-on = 계속

preparing-title = Studio를 준비하고 있어요
preparing-lead = { $destination }: 처음에는 1분쯤 걸리고, 다음부터는 바로 열려요.
preparing-signing-in = AWS에 로그인하고 있어요
preparing-looking = Studio 프로필을 찾고 있어요
preparing-creating = Studio 프로필을 만들고 있어요
preparing-waiting = 준비가 끝나기를 기다리고 있어요
preparing-space = 스페이스를 준비하고 있어요
preparing-opening = Studio를 열고 있어요
preparing-notebook-title = 노트북 인스턴스를 준비하고 있어요
preparing-notebook-lead = { $destination }: 중지된 인스턴스를 시작하려면 몇 분 걸려요. 실행 중인 인스턴스는 바로 열려요.
preparing-notebook-looking = 노트북 인스턴스를 찾고 있어요
preparing-notebook-starting = 노트북 인스턴스를 시작하고 있어요
preparing-notebook-opening = 노트북 인스턴스를 열고 있어요
preparing-lost = 연결이 끊어졌어요. 시작된 준비는 계속되고 있으니 ‘계속’을 눌러 주세요.
preparing-by-itself = 몇 초 뒤에 저절로 계속돼요.
preparing-by-hand = ‘계속’을 누르고 Studio가 열릴 때까지 기다려 주세요.
preparing-close = 이 페이지를 닫아도 괜찮아요. 시작된 준비는 계속되고, 다음에 로그인하면 이어져요.
preparing-go-on = 계속

signed-out-title = 로그아웃했어요
signed-out-lead = Studio 로그인이 종료되었어요.
signed-out-idp = 회사 로그인은 유지되어 있을 수 있어요. 여럿이 쓰는 컴퓨터라면 회사 로그인에서도 로그아웃하고 브라우저를 닫아 주세요.
signed-out-again = 다시 로그인
