locals {
  # Title, statistic and metrics of each graph, two in a row.
  all_graphs = [
    { title = "Requests, and answers that failed", stat = "Sum", metrics = [
      ["AWS/ApplicationELB", "RequestCount", "LoadBalancer", var.balancer],
      ["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "LoadBalancer", var.balancer],
      ["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "LoadBalancer", var.balancer],
      ["AWS/ApplicationELB", "HTTPCode_Target_4XX_Count", "LoadBalancer", var.balancer],
    ] },
    { title = "Seconds of an answer: half, and all but one in a hundred", stat = "p99", metrics = [
      ["AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", var.balancer, { stat = "p50" }],
      ["AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", var.balancer],
    ] },
    { title = "Messages that wait", stat = "Maximum", metrics = [
      for name in values(var.queue_names) : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name]
    ] },
    { title = "Seconds that the oldest waits", stat = "Maximum", metrics = [
      for name in values(var.queue_names) : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", name]
    ] },
    { title = "Dead letters", stat = "Maximum", metrics = [
      for name in values(var.dead_letter_names) : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name]
    ] },
    { title = "Workers: wanted, and there", stat = "Maximum", metrics = [
      for metric in ["GroupDesiredCapacity", "GroupInServiceInstances"] : ["AWS/AutoScaling", metric, "AutoScalingGroupName", var.group_name]
    ] },
    { title = "Web tier: processor and memory in %, tasks that are well", stat = "Average", metrics = concat(
      [for metric in ["CPUUtilization", "MemoryUtilization"] : ["AWS/ECS", metric, "ClusterName", var.cluster_name, "ServiceName", var.web_service_name]],
      [for group in var.target_groups : ["AWS/ApplicationELB", "HealthyHostCount", "TargetGroup", group.metric, "LoadBalancer", var.balancer]],
    ) },
    { title = "Jobs: done, failed, given up", stat = "Sum", metrics = [
      for metric in ["JobsDone", "JobsFailed", "DeadLetters"] : [local.namespace, metric]
    ] },
    { title = "Milliseconds of a job", stat = "p99", metrics = [
      [local.namespace, "JobTime", { stat = "p50" }],
      [local.namespace, "JobTime"],
    ] },
    { title = "What is away, and what went wrong", stat = "Sum", metrics = [
      for metric in ["DependencyAway", "FleetLeftAsItIs", "EventsGivenUp", "GalleriesStale", "ErrorsLogged"] : [local.namespace, metric]
    ] },
  ]
  graphs = [for graph in local.all_graphs : graph if var.log_metrics || graph.metrics[0][0] != local.namespace]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [
      for index, graph in local.graphs : {
        type   = "metric"
        width  = 12
        height = 6
        x      = 12 * (index % 2)
        y      = 6 * floor(index / 2)
        properties = {
          title   = graph.title
          region  = var.region
          view    = "timeSeries"
          period  = 60
          stat    = graph.stat
          metrics = graph.metrics
        }
      }
    ]
  })
}
