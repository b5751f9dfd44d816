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

preparing-title = Studio를 준비하고 있습니다
preparing-lead = { $destination }: 처음에는 최대 1분 정도 걸리고, 다음부터는 바로 열립니다.
preparing-signing-in = AWS에 로그인하는 중
preparing-looking = Studio 프로필을 찾는 중
preparing-creating = Studio 프로필을 만드는 중
preparing-waiting = 준비가 끝나기를 기다리는 중
preparing-opening = Studio를 여는 중
preparing-lost = 연결이 끊어졌습니다. 이미 시작된 준비는 계속됩니다. ‘계속’을 누르세요.
preparing-by-itself = 잠시 후 자동으로 계속됩니다.
preparing-by-hand = ‘계속’을 누르고 Studio가 열릴 때까지 기다려 주세요.
preparing-close = 이 페이지를 닫아도 됩니다. 이미 시작된 준비는 계속되며, 다음에 로그인할 때 이어집니다.
preparing-go-on = 계속
