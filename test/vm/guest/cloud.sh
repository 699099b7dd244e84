# Sourced in the test machine while the service runs: the cloud's side of jobs, shadow and bucket, and the station at its endpoint.
jobs=/run/jobs
endpoint=test-ats.iot.eu-west-1.amazonaws.com
bucket=reports.s3.eu-west-1.amazonaws.com
give() { # id, document of the job
  echo "$2" >$jobs/new
  mv $jobs/new "$jobs/$1.json"
}
ends() { # seconds, id, pattern of how it ends
  wait_for "$1" test -s "$jobs/$2.done"
  grep -E "$3" "$jobs/$2.done" || { cat "$jobs/$2.done" && return 1; }
}
becomes() { # seconds, job, document, pattern of how it ends
  give "$2" "$3"
  ends "$1" "$2" "$4"
}
want() { # id, values of the configuration
  echo "$2" >$jobs/new
  mv $jobs/new "$jobs/$1.want"
}
# Of the shadow, as the station has reported it: a line for each of its parts.
reports() { # seconds, pattern
  wait_for "$1" grep -E "$2" $jobs/reported || { cat $jobs/reported && return 1; }
}
mkdir $jobs
"$NODE" "$FOLDER/cloud.cjs" jobs "$FOLDER" $jobs >/run/cloud 2>&1 &
cloud=$!
echo "127.0.0.1 $endpoint $bucket" >>/etc/hosts
configure -e "s/endpoint: localhost/endpoint: $endpoint/"
systemctl restart $unit
