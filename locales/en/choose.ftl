# The page to choose where to go.
choose-title = Choose where to go
choose-search = Search
choose-found = Found:
choose-none = Nothing found. Try another word.
choose-last = Last time
choose-all = Other destinations
choose-account = AWS account { $account }
choose-role = as { $role }
choose-small-account = account { $account }
choose-remember = Next time, go there directly
choose-remember-how = You can choose again at any time: { $url }
choose-over-title = This sign-in has ended
choose-over-renew = Nothing was chosen for a while. Sign in again to choose where to go.
choose-over-go = Sign in again
choose-over-portal = Nothing was chosen for a while. Open Studio from your company's sign-in portal again.
choose-switch = Choose another destination
choose-missed = You have no access to { $destination }. This is what you can open:
