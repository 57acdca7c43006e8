local status = obj.status
if status == nil or status.conditions == nil or status.observedGeneration ~= obj.metadata.generation then
  return {status = "Progressing", message = "Waiting for the operator"}
end
local conditions = {}
for _, condition in ipairs(status.conditions) do
  conditions[condition.type] = condition
end
local ready, stalled = conditions.Ready, conditions.Stalled
if stalled ~= nil and stalled.status == "True" then
  return {status = "Degraded", message = stalled.message}
end
if ready == nil or ready.status ~= "True" then
  return {status = "Progressing", message = ready ~= nil and ready.message or "Waiting for the operator"}
end
-- Also if spec.suspended is true: with "Suspended", a sync with several waves would wait forever.
return {status = "Healthy", message = ready.message}
