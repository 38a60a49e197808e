using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Faults;

/// <summary>
/// Requests that nobody means well with, made from the API's own description: each path parameter, query parameter and member of a body takes
/// each bad value in turn. None may be answered by a 5xx, none by a stack trace, and every refusal is a problem document.
/// </summary>
internal static class HostileRequests
{
    private static readonly string[] BadTexts =
    [
        "", " ", "null", "-1", "0", "99999999999999999999", "1e309", "NaN", "true", "'; DROP TABLE runs; --", "../../../../etc/passwd", "%00", "%2e%2e%2f", "\u0001", "💥\ud7ff",
        "<script>alert(1)</script>", "${jndi:ldap://x}", "{{7*7}}", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", new string('9', 400), new string('a', 3_000),
    ];

    private static readonly string[] BadValues =
    [
        "null", "-1", "0", "1e308", "1e999", "99999999999999999999", "\"NaN\"", "\"\"", "\"\\u0000\"", "\"\\ud800\"", "true", "[]", "{}", "[[[[[[]]]]]]", "[null]", "\"x\"", "2147483647", "0.1", "{\"a\":{\"b\":1}}",
    ];

    private static readonly string[] BadBodies =
    [
        "", "null", "[]", "{", "{}", "\"", "{\"data\":", "\0", "\ufeff{}", "NaN", "{\"a\":1,\"a\":1}", "<xml/>", "name=x", new string('[', 5_000), $"{{\"name\":\"{new string('x', 200_000)}\"}}", "{\"__proto__\":{}}", "{\"$type\":\"System.Object\"}",
    ];

    public static async Task<string> Send(Site site)
    {
        var api = await site.StartApi();
        var document = JsonNode.Parse(await site.Http.GetStringAsync("/openapi/v1.json", site.Stop))!;
        var run = (await site.Post(Undisturbed.Spec(1))).Id.ToString();
        var answers = new Dictionary<int, int>();
        foreach (var request in Requests(document, run))
        {
            using (request)
            {
                HttpResponseMessage answer;
                try { answer = await site.Http.SendAsync(request, site.Stop); }
                catch (HttpRequestException cut) when (!api.HasExited && cut.HttpRequestError is HttpRequestError.Unknown or HttpRequestError.ResponseEnded) { continue; } // cut off while it still sent: a refusal too
                using (answer) { await Judge(request, answer); }
                answers[(int)answer.StatusCode] = answers.GetValueOrDefault((int)answer.StatusCode) + 1;
            }
        }
        Require.That(!api.HasExited, "the API died");
        Require.That(answers.Values.Sum() >= 500, $"only {answers.Values.Sum()} requests could be made of the document");
        Require.That((await site.Http.GetAsync("/health/ready", site.Stop)).IsSuccessStatusCode, "the API is not ready afterwards");
        Require.That(!api.Output.Contains("Unhandled exception", StringComparison.OrdinalIgnoreCase), "the API's log tells of an unhandled exception");
        return $"{answers.Values.Sum()} requests: {string.Join(", ", answers.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key} {pair.Value}×"))}; no 5xx, no stack trace, every refusal a problem document";
    }

    private static async Task Judge(HttpRequestMessage request, HttpResponseMessage answer)
    {
        var what = $"{request.Method} {request.RequestUri!.OriginalString[..Math.Min(120, request.RequestUri.OriginalString.Length)]}";
        var status = (int)answer.StatusCode;
        var body = await answer.Content.ReadAsStringAsync();
        Require.That(status < 500, $"{what} was answered {status}: {body[..Math.Min(300, body.Length)]}");
        Require.That(!body.Contains("   at ", StringComparison.Ordinal) && !body.Contains(".cs:line", StringComparison.Ordinal), $"{what}: the answer holds a stack trace");

        // What Kestrel refuses before any of our code runs (a malformed request line, say) has no body.
        var kestrel = body.Length == 0 && answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.RequestUriTooLong or HttpStatusCode.RequestHeaderFieldsTooLarge;
        if (status >= 400 && !kestrel) { Require.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType, $"{what} was answered {status} with media type"); }
    }

    private static IEnumerable<HttpRequestMessage> Requests(JsonNode document, string run)
    {
        foreach (var (path, operations) in document["paths"]!.AsObject())
        {
            foreach (var (verb, operation) in operations!.AsObject().Where(pair => pair.Value is JsonObject described && described.ContainsKey("responses")))
            {
                var method = new HttpMethod(verb.ToUpperInvariant());
                var parameters = operation!["parameters"]?.AsArray().Select(parameter => (Name: (string)parameter!["name"]!, In: (string)parameter["in"]!)).ToList() ?? [];
                string Good() => path.Replace("{id}", run, StringComparison.Ordinal);
                foreach (var (name, place) in parameters)
                {
                    foreach (var bad in BadTexts)
                    {
                        var escaped = Uri.EscapeDataString(bad);
                        if (place == "path") { yield return Request(method, path.Replace($"{{{name}}}", escaped, StringComparison.Ordinal)); }
                        if (place == "query") { yield return Request(method, $"{Good()}?{name}={escaped}"); }
                        if (place == "header") { yield return WithHeader(Request(method, Good()), name, bad); }
                    }
                }
                if (operation["requestBody"] is not null)
                {
                    foreach (var body in BadBodies) { yield return Request(method, Good(), body); }
                    foreach (var body in Spoilt(Example(document, operation["requestBody"]!))) { yield return Request(method, Good(), body); }
                    yield return Request(method, Good(), "{}", "text/plain");
                    yield return Request(method, Good(), "{}", "application/json; charset=utf-7");
                    yield return Request(method, Good(), new string(' ', 3_000_000));
                }
                foreach (var wrong in new[] { "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "BREW" }) { yield return Request(new HttpMethod(wrong), Good()); }
                yield return WithHeader(Request(method, Good()), "Accept", "text/html");
                yield return WithHeader(Request(method, Good()), "Authorization", "Bearer " + new string('x', 2_000));
            }
        }
    }

    private static HttpRequestMessage Request(HttpMethod method, string path, string? body = null, string mediaType = "application/json")
    {
        var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (body is null) { return request; }
        request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        request.Content.Headers.TryAddWithoutValidation("Content-Type", mediaType);
        return request;
    }

    private static HttpRequestMessage WithHeader(HttpRequestMessage request, string name, string value)
    {
        request.Headers.TryAddWithoutValidation(name, value.Where(letter => letter is >= ' ' and < '\u007f').ToArray().AsSpan().ToString());
        return request;
    }

    /// <summary>The body as the document describes it, with one member after the other replaced by each bad value.</summary>
    private static IEnumerable<string> Spoilt(JsonNode example)
    {
        foreach (var member in Members(example, []).ToList())
        {
            foreach (var bad in BadValues)
            {
                var copy = example.DeepClone();
                JsonNode parent = copy;
                foreach (var step in member[..^1]) { parent = parent[step]!; }
                parent[member[^1]] = "\u0002";
                yield return copy.ToJsonString().Replace("\"\\u0002\"", bad, StringComparison.Ordinal);
            }
        }
    }

    private static IEnumerable<string[]> Members(JsonNode? node, string[] path)
    {
        if (node is not JsonObject members) { yield break; }
        foreach (var (name, value) in members)
        {
            yield return [.. path, name];
            foreach (var inner in Members(value, [.. path, name])) { yield return inner; }
        }
    }

    private static JsonNode Example(JsonNode document, JsonNode body)
    {
        var content = body["content"]!.AsObject().First().Value!;
        return Of(document, content["schema"]!, 0) ?? new JsonObject();
    }

    private static JsonNode? Of(JsonNode document, JsonNode schema, int depth)
    {
        if (depth > 6) { return null; }
        if ((string?)schema["$ref"] is { } reference) { return Of(document, document["components"]!["schemas"]![reference.Split('/')[^1]]!, depth + 1); }
        if ((schema["oneOf"] ?? schema["anyOf"] ?? schema["allOf"])?.AsArray() is { } choices)
        {
            return choices.Select(choice => Of(document, choice!, depth + 1)).FirstOrDefault(value => value is not null);
        }
        if (schema["enum"]?.AsArray() is [var first, ..]) { return first?.DeepClone(); }
        var type = schema["type"] is JsonArray types ? (string?)types.FirstOrDefault(one => (string?)one != "null") : (string?)schema["type"];
        if (type == "object" || schema["properties"] is not null)
        {
            var result = new JsonObject();
            foreach (var (name, inner) in schema["properties"]?.AsObject() ?? []) { result[name] = Of(document, inner!, depth + 1); }
            return result;
        }
        return type switch { "array" => new JsonArray(), "integer" or "number" => JsonValue.Create(1), "boolean" => JsonValue.Create(true), _ => JsonValue.Create("karate") };
    }
}
