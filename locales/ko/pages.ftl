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

signed-out-title = 로그아웃했어요
signed-out-lead = Studio 로그인이 종료되었어요.
signed-out-idp = 회사 로그인은 유지되어 있을 수 있어요. 여럿이 쓰는 컴퓨터라면 회사 로그인에서도 로그아웃하고 브라우저를 닫아 주세요.
signed-out-again = 다시 로그인
