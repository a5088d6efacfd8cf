"""Answers in the recorded shapes (dossier 1.5 and 7); all values are invented."""

from collections.abc import Mapping
import json
from typing import Any

SITE = "01HXFAKE5MINSITE0000000001"
CLOSED = "01HXFAKECLOSED000000000002"
HALF_HOURLY = "01HXFAKE30MINCL00000000003"
NMI = "6100000011"

SITES: list[dict[str, Any]] = json.loads(
    '[{"id":"01HXFAKECLOSED000000000002","nmi":"6100000022","channels":[{"identifier":'
    '"E1","type":"general","tariff":"TF100"}],"network":"Ausgrid","status":"closed",'
    '"activeFrom":"2022-02-03","closedOn":"2024-04-30","intervalLength":30},'
    '{"id":"01HXFAKE5MINSITE0000000001","nmi":"6100000011","channels":[{"identifier":'
    '"E1","type":"general","tariff":"TF100"},{"identifier":"B1","type":"feedIn",'
    '"tariff":"TF900"}],"network":"Ausgrid","status":"active","activeFrom":'
    '"2024-05-01","intervalLength":5},'
    '{"id":"01HXFAKE30MINCL00000000003","nmi":"63000000333","channels":[{"identifier":'
    '"E1","type":"general","tariff":"TF210"},{"identifier":"E2","type":'
    '"controlledLoad","tariff":"TF310"},{"identifier":"B1","type":"feedIn","tariff":'
    '"TF900"}],"network":"Jemena","status":"pending","activeFrom":"2026-07-15"}]'
)

ESTIMATED: list[dict[str, Any]] = json.loads(
    '[{"type":"CurrentInterval","date":"2026-03-02","duration":5,"startTime":'
    '"2026-03-01T22:15:01Z","endTime":"2026-03-01T22:20:00Z","nemTime":'
    '"2026-03-02T08:20:00+10:00","perKwh":22.44939,"renewables":41.337,"spotPerKwh":'
    '12.4138,"channelType":"general","spikeStatus":"none","tariffInformation":'
    '{"demandWindow":false},"descriptor":"veryLow","estimate":true,"advancedPrice":'
    '{"low":18.96592,"predicted":20.7004,"high":22.22464}},'
    '{"type":"CurrentInterval","date":"2026-03-02","duration":5,"startTime":'
    '"2026-03-01T22:15:01Z","endTime":"2026-03-01T22:20:00Z","nemTime":'
    '"2026-03-02T08:20:00+10:00","perKwh":-11.86308,"renewables":41.337,"spotPerKwh":'
    '12.4138,"channelType":"feedIn","spikeStatus":"none","descriptor":"high",'
    '"estimate":true,"advancedPrice":{"low":-8.69629,"predicted":-10.27309,"high":'
    "-11.65876}}]"
)

CONFIRMED: list[dict[str, Any]] = json.loads(
    '[{"type":"CurrentInterval","date":"2026-03-02","duration":5,"startTime":'
    '"2026-03-01T22:15:01Z","endTime":"2026-03-01T22:20:00Z","nemTime":'
    '"2026-03-02T08:20:00+10:00","perKwh":20.9425,"renewables":40.912,"spotPerKwh":'
    '10.98031,"channelType":"general","spikeStatus":"none","tariffInformation":'
    '{"demandWindow":false},"descriptor":"veryLow","estimate":false},'
    '{"type":"CurrentInterval","date":"2026-03-02","duration":5,"startTime":'
    '"2026-03-01T22:15:01Z","endTime":"2026-03-01T22:20:00Z","nemTime":'
    '"2026-03-02T08:20:00+10:00","perKwh":-10.49318,"renewables":40.912,"spotPerKwh":'
    '10.98031,"channelType":"feedIn","spikeStatus":"none","descriptor":"high",'
    '"estimate":false}]'
)

ACTUAL: dict[str, Any] = json.loads(
    '{"type":"ActualInterval","date":"2026-03-02","duration":5,"startTime":'
    '"2026-03-01T22:10:01Z","endTime":"2026-03-01T22:15:00Z","nemTime":'
    '"2026-03-02T08:15:00+10:00","perKwh":21.17782,"renewables":39.6,"spotPerKwh":'
    '11.20417,"channelType":"general","spikeStatus":"none","tariffInformation":'
    '{"demandWindow":false},"descriptor":"veryLow"}'
)

FORECAST: dict[str, Any] = json.loads(
    '{"type":"ForecastInterval","date":"2026-03-02","duration":5,"startTime":'
    '"2026-03-01T22:20:01Z","endTime":"2026-03-01T22:25:00Z","nemTime":'
    '"2026-03-02T08:25:00+10:00","perKwh":449.58752,"renewables":41.10352214,'
    '"spotPerKwh":402.1,"channelType":"general","spikeStatus":"potential",'
    '"tariffInformation":{"demandWindow":true},"descriptor":"high","advancedPrice":'
    '{"low":50.552,"predicted":91.23344,"high":426.356}}'
)

FAR_FORECAST: dict[str, Any] = json.loads(
    '{"type":"ForecastInterval","date":"2026-03-03","duration":30,"startTime":'
    '"2026-03-03T00:30:01Z","endTime":"2026-03-03T01:00:00Z","nemTime":'
    '"2026-03-03T11:00:00+10:00","perKwh":5.78294,"renewables":108.20411,"spotPerKwh":'
    '-4.37712,"channelType":"feedIn","spikeStatus":"none","descriptor":'
    '"extremelyLow","range":{"min":-5.61,"max":-1.05}}'
)

HALF_HOUR: list[dict[str, Any]] = json.loads(
    '[{"type":"CurrentInterval","date":"2026-03-02","duration":30,"startTime":'
    '"2026-03-01T22:00:01Z","endTime":"2026-03-01T22:30:00Z","nemTime":'
    '"2026-03-02T08:30:00+10:00","perKwh":19.62818,"renewables":41.337,"spotPerKwh":'
    '9.73,"channelType":"general","spikeStatus":"none","tariffInformation":{"period":'
    '"shoulder","season":"nonSummer"},"descriptor":"veryLow","estimate":true,'
    '"advancedPrice":{"low":17.284,"predicted":18.96592,"high":21.80416}},'
    '{"type":"CurrentInterval","date":"2026-03-02","duration":30,"startTime":'
    '"2026-03-01T22:00:01Z","endTime":"2026-03-01T22:30:00Z","nemTime":'
    '"2026-03-02T08:30:00+10:00","perKwh":13.27818,"renewables":41.337,"spotPerKwh":'
    '9.73,"channelType":"controlledLoad","spikeStatus":"none","descriptor":"veryLow",'
    '"estimate":true,"advancedPrice":{"low":10.934,"predicted":12.61592,"high":'
    "15.45416}}]"
)

USAGE: list[dict[str, Any]] = json.loads(
    '[{"type":"Usage","duration":5,"date":"2026-03-01","endTime":'
    '"2026-03-01T14:00:00Z","quality":"estimated","kwh":0.044,"nemTime":'
    '"2026-03-02T00:00:00+10:00","perKwh":19.28128,"channelType":"general",'
    '"channelIdentifier":"E1","cost":0.8484,"renewables":41.337,"spotPerKwh":9.4,'
    '"startTime":"2026-03-01T13:55:01Z","spikeStatus":"none","tariffInformation":'
    '{"demandWindow":false},"descriptor":"veryLow"},'
    '{"type":"Usage","duration":5,"date":"2026-03-01","endTime":'
    '"2026-03-01T01:05:00Z","quality":"billable","kwh":0.412,"nemTime":'
    '"2026-03-01T11:05:00+10:00","perKwh":-0.5024,"channelType":"feedIn",'
    '"channelIdentifier":"B1","cost":-0.207,"renewables":41.337,"spotPerKwh":2.2,'
    '"startTime":"2026-03-01T01:00:01Z","spikeStatus":"none","descriptor":"low"}]'
)

RENEWABLES: list[dict[str, Any]] = json.loads(
    '[{"type":"CurrentRenewable","duration":30,"date":"2026-03-02","startTime":'
    '"2026-03-01T22:00:01Z","endTime":"2026-03-01T22:30:00Z","nemTime":'
    '"2026-03-02T08:30:00+10:00","renewables":50.938999999999995,"descriptor":"best"},'
    '{"type":"ActualRenewable","duration":30,"date":"2026-03-02","startTime":'
    '"2026-03-01T21:30:01Z","endTime":"2026-03-01T22:00:00Z","nemTime":'
    '"2026-03-02T08:00:00+10:00","renewables":124.417,"descriptor":"great"},'
    '{"type":"ForecastRenewable","duration":30,"date":"2026-03-02","startTime":'
    '"2026-03-01T22:30:01Z","endTime":"2026-03-01T23:00:00Z","nemTime":'
    '"2026-03-02T09:00:00+10:00","renewables":55.102,"descriptor":"greener"}]'
)

WRONG_TOKEN: Mapping[str, str] = {
    "Message": "User is not authorized to access this resource with an explicit deny"
}
