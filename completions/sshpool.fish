# Generated from the command table of sshpool: npm run generate
# Whether the words so far are the command given, with fewer than so many arguments after it.
function __sshpool_at --argument-names most
    set -l path $argv[2..-1]
    set -l words (commandline -opc)
    set -l found
    set -l given 0
    set -e words[1]
    while set -q words[1]
        switch $words[1]
            case -F -l -p -i -J -o -e --timeout
                set -e words[1]
            case '-*'
            case '*'
                if test (count $found) -eq 0; or begin; contains -- "$found" agent; and test (count $found) -eq 1; end
                    set -a found $words[1]
                else
                    set given (math $given + 1)
                end
        end
        set -e words[1]
    end
    test "$found" = "$path"; and test $given -lt $most
end
complete -c sshpool -f
complete -c sshpool -n '__sshpool_at 1' -l help -s h -d 'show help'
complete -c sshpool -n '__sshpool_at 1' -l version -s V -d 'print the version'
complete -c sshpool -n '__sshpool_at 1' -a exec -d 'run a command on a host over a warm connection'
complete -c sshpool -n '__sshpool_at 1 exec' -s F -r -F -d 'ssh configuration file to use'
complete -c sshpool -n '__sshpool_at 1 exec' -s l -x -d 'user to log in as'
complete -c sshpool -n '__sshpool_at 1 exec' -s p -x -d 'port to connect to'
complete -c sshpool -n '__sshpool_at 1 exec' -s i -r -F -d 'identity (private key) file'
complete -c sshpool -n '__sshpool_at 1 exec' -s J -x -d 'jump host, or several separated by commas'
complete -c sshpool -n '__sshpool_at 1 exec' -s o -x -d 'any option of ssh_config(5)'
complete -c sshpool -n '__sshpool_at 1 exec' -s 4 -d 'use IPv4 addresses only'
complete -c sshpool -n '__sshpool_at 1 exec' -s 6 -d 'use IPv6 addresses only'
complete -c sshpool -n '__sshpool_at 1 exec' -s A -d 'forward the key agent'
complete -c sshpool -n '__sshpool_at 1 exec' -s a -d 'do not forward the key agent'
complete -c sshpool -n '__sshpool_at 1 exec' -s n -d 'do not read standard input'
complete -c sshpool -n '__sshpool_at 1 exec' -s t -d 'ask for a terminal; -tt even without a local one'
complete -c sshpool -n '__sshpool_at 1 exec' -s T -d 'never ask for a terminal'
complete -c sshpool -n '__sshpool_at 1 exec' -s e -x -d 'escape character in a terminal (~), or none'
complete -c sshpool -n '__sshpool_at 1 exec' -s q -d 'no messages but errors'
complete -c sshpool -n '__sshpool_at 1 exec' -s v -d 'say what is happening; more with -vv'
complete -c sshpool -n '__sshpool_at 1 exec' -l timeout -x -d 'end the command after 30s, 2m, ... (status 124)'
complete -c sshpool -n '__sshpool_at 1 exec' -l fresh -d 'use a new connection, not one of the pool'
complete -c sshpool -n '__sshpool_at 1 exec' -l json -d 'print the result as one JSON object'
complete -c sshpool -n '__sshpool_at 1 exec' -l help -s h -d 'show this help'
complete -c sshpool -n '__sshpool_at 1 exec' -a '(command sshpool completion --hosts 2>/dev/null)'
complete -c sshpool -n '__sshpool_at 1' -a shell -d 'a login shell on a host, in a terminal'
complete -c sshpool -n '__sshpool_at 1 shell' -s F -r -F -d 'ssh configuration file to use'
complete -c sshpool -n '__sshpool_at 1 shell' -s l -x -d 'user to log in as'
complete -c sshpool -n '__sshpool_at 1 shell' -s p -x -d 'port to connect to'
complete -c sshpool -n '__sshpool_at 1 shell' -s i -r -F -d 'identity (private key) file'
complete -c sshpool -n '__sshpool_at 1 shell' -s J -x -d 'jump host, or several separated by commas'
complete -c sshpool -n '__sshpool_at 1 shell' -s o -x -d 'any option of ssh_config(5)'
complete -c sshpool -n '__sshpool_at 1 shell' -s 4 -d 'use IPv4 addresses only'
complete -c sshpool -n '__sshpool_at 1 shell' -s 6 -d 'use IPv6 addresses only'
complete -c sshpool -n '__sshpool_at 1 shell' -s A -d 'forward the key agent'
complete -c sshpool -n '__sshpool_at 1 shell' -s a -d 'do not forward the key agent'
complete -c sshpool -n '__sshpool_at 1 shell' -s e -x -d 'escape character in a terminal (~), or none'
complete -c sshpool -n '__sshpool_at 1 shell' -s q -d 'no messages but errors'
complete -c sshpool -n '__sshpool_at 1 shell' -s v -d 'say what is happening; more with -vv'
complete -c sshpool -n '__sshpool_at 1 shell' -l fresh -d 'use a new connection, not one of the pool'
complete -c sshpool -n '__sshpool_at 1 shell' -l help -s h -d 'show this help'
complete -c sshpool -n '__sshpool_at 1 shell' -a '(command sshpool completion --hosts 2>/dev/null)'
complete -c sshpool -n '__sshpool_at 1' -a ssh -d 'as ssh(1), over a warm connection'
complete -c sshpool -n '__sshpool_at 1 ssh' -a '(command sshpool completion --hosts 2>/dev/null)'
complete -c sshpool -n '__sshpool_at 1' -a wrap -d 'run a tool for which ssh is sshpool'
complete -c sshpool -n '__sshpool_at 1 wrap' -l help -s h -d 'show this help'
complete -c sshpool -n '__sshpool_at 1' -a stats -d 'show what the pool does'
complete -c sshpool -n '__sshpool_at 1 stats' -l json -d 'print JSON'
complete -c sshpool -n '__sshpool_at 1 stats' -l help -s h -d 'show this help'
complete -c sshpool -n '__sshpool_at 1 stats' -a '(command sshpool completion --targets 2>/dev/null)'
complete -c sshpool -n '__sshpool_at 1' -a close -d 'close the connections to a host when their commands have ended'
complete -c sshpool -n '__sshpool_at 1 close' -l all -d 'close the connections to every host'
complete -c sshpool -n '__sshpool_at 1 close' -l force -d 'end running commands too'
complete -c sshpool -n '__sshpool_at 1 close' -l help -s h -d 'show this help'
complete -c sshpool -n '__sshpool_at 1 close' -a '(command sshpool completion --targets 2>/dev/null)'
complete -c sshpool -n '__sshpool_at 1' -a warm -d 'connect to hosts ahead of time'
complete -c sshpool -n '__sshpool_at 99 warm' -s F -r -F -d 'ssh configuration file to use'
complete -c sshpool -n '__sshpool_at 99 warm' -s l -x -d 'user to log in as'
complete -c sshpool -n '__sshpool_at 99 warm' -s p -x -d 'port to connect to'
complete -c sshpool -n '__sshpool_at 99 warm' -s i -r -F -d 'identity (private key) file'
complete -c sshpool -n '__sshpool_at 99 warm' -s J -x -d 'jump host, or several separated by commas'
complete -c sshpool -n '__sshpool_at 99 warm' -s o -x -d 'any option of ssh_config(5)'
complete -c sshpool -n '__sshpool_at 99 warm' -s 4 -d 'use IPv4 addresses only'
complete -c sshpool -n '__sshpool_at 99 warm' -s 6 -d 'use IPv6 addresses only'
complete -c sshpool -n '__sshpool_at 99 warm' -s A -d 'forward the key agent'
complete -c sshpool -n '__sshpool_at 99 warm' -s a -d 'do not forward the key agent'
complete -c sshpool -n '__sshpool_at 99 warm' -s q -d 'no messages but errors'
complete -c sshpool -n '__sshpool_at 99 warm' -s v -d 'say what is happening; more with -vv'
complete -c sshpool -n '__sshpool_at 99 warm' -l help -s h -d 'show this help'
complete -c sshpool -n '__sshpool_at 99 warm' -a '(command sshpool completion --hosts 2>/dev/null)'
complete -c sshpool -n '__sshpool_at 1' -a agent -d 'the background agent that holds the connections'
complete -c sshpool -n '__sshpool_at 1 agent' -l help -s h -d 'show this help'
complete -c sshpool -n '__sshpool_at 1 agent' -a start -d 'start it, if it does not run'
complete -c sshpool -n '__sshpool_at 1 agent start' -l help -s h -d 'show this help'
complete -c sshpool -n '__sshpool_at 1 agent' -a stop -d 'end it when the running commands have ended'
complete -c sshpool -n '__sshpool_at 1 agent stop' -l force -d 'end running commands too'
complete -c sshpool -n '__sshpool_at 1 agent stop' -l help -s h -d 'show this help'
complete -c sshpool -n '__sshpool_at 1 agent' -a restart -d 'stop it and start another'
complete -c sshpool -n '__sshpool_at 1 agent restart' -l help -s h -d 'show this help'
complete -c sshpool -n '__sshpool_at 1 agent' -a status -d 'say whether it runs (status 0) or not (status 1)'
complete -c sshpool -n '__sshpool_at 1 agent status' -l json -d 'print JSON'
complete -c sshpool -n '__sshpool_at 1 agent status' -l help -s h -d 'show this help'
complete -c sshpool -n '__sshpool_at 1 agent' -a run -d 'be the agent, in the foreground'
complete -c sshpool -n '__sshpool_at 1 agent run' -l help -s h -d 'show this help'
complete -c sshpool -n '__sshpool_at 1 agent' -a logs -d 'print its log'
complete -c sshpool -n '__sshpool_at 1 agent logs' -l follow -s f -d 'go on as the log grows'
complete -c sshpool -n '__sshpool_at 1 agent logs' -l help -s h -d 'show this help'
complete -c sshpool -n '__sshpool_at 1' -a completion -d 'print the completions for a shell'
complete -c sshpool -n '__sshpool_at 1 completion' -l help -s h -d 'show this help'
complete -c sshpool -n '__sshpool_at 1 completion' -a 'bash zsh fish'
complete -c sshpool -n '__sshpool_at 1' -a help -d 'show help'
complete -c sshpool -n '__sshpool_at 1 help' -a 'exec shell ssh wrap stats close warm agent completion'
