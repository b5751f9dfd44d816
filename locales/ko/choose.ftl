# The page to choose where to go.
choose-title = 어디로 이동할까요?
choose-search = 검색
choose-found = 검색 결과:
choose-none = 검색 결과가 없어요. 다른 단어로 검색해 보세요.
choose-last = 지난번에 선택한 곳
choose-all = 그 밖의 선택지
choose-account = AWS 계정 { $account }
choose-role = { $role } 역할
choose-small-account = 계정 { $account }
choose-remember = 다음부터는 여기로 바로 이동
choose-remember-how = 언제든지 다시 선택할 수 있어요: { $url }
choose-over-title = 로그인이 종료되었어요
choose-over-renew = 한동안 선택하지 않아 로그인이 종료되었어요. 다시 로그인한 다음 이동할 곳을 선택해 주세요.
choose-over-go = 다시 로그인
choose-over-portal = 한동안 선택하지 않아 로그인이 종료되었어요. 회사 로그인 포털에서 Studio를 다시 열어 주세요.
choose-switch = 다른 곳 선택
choose-missed = { $destination }: 사용할 권한이 없어요. 아래에서 열 수 있는 곳을 선택해 주세요.
