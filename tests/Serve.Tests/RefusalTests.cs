using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Serve.OpenAI;

namespace Serve.Tests;

/// <summary>Requests that cannot be meant, or that come from where none should.</summary>
[Collection(OneServer.Name)]
public sealed class RefusalTests(ServerFixture server)
{
    private const string Asked = """{"model": "policy", "messages": [{"role": "user", "content": "a"}]""";

    [Theory]
    [InlineData("{", 400, "The body is no JSON")]
    [InlineData("[]", 400, "The body is a JSON array")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}]}""", 400, "\"model\" is missing")]
    [InlineData("""{"model": "policy"}""", 400, "\"messages\" is missing")]
    [InlineData(
        """{"model": "gpt-9", "messages": [{"role": "user", "content": "a"}]}""",
        404,
        "no model \"gpt-9\" here; the models are reference, policy, best-of-n"
    )]
    [InlineData("""{"model": "policy", "messages": []}""", 400, "at least one message")]
    [InlineData("""{"model": "policy", "messages": [{"role": "robot", "content": "a"}]}""", 400, "role of \"messages[0]\" is \"robot\"")]
    [InlineData(
        """{"model": "policy", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]}""",
        400,
        "these models read texts alone"
    )]
    [InlineData("""{"model": "policy", "messages": [{"role": "user", "content": "\ud800"}]}""", 400, "half of a surrogate pair")]
    [InlineData(Asked + """, "seed": "one"}""", 400, "\"seed\" is \"one\"; it must be a whole number")]
    [InlineData(Asked + """, "seed": 1.5}""", 400, "\"seed\" is 1.5")]
    [InlineData(Asked + """, "max_tokens": 0}""", 400, "\"max_tokens\" is 0")]
    [InlineData(Asked + """, "max_tokens": 1000}""", 400, "24")]
    [InlineData(Asked + """, "temperature": 3}""", 400, "\"temperature\" is 3")]
    [InlineData(Asked + """, "temperature": 1e-30}""", 400, "\"temperature\" is 1e-30; it must be at least 0.001, or 0")]
    [InlineData(Asked + """, "response_format": {"type": "json_object"}}""", 400, "these models write texts alone")]
    [InlineData(
        """{"model": "policy", "messages": [{"role": "user", "content": "a", "tool_calls": []}]}""",
        400,
        "\"messages[0]\" has \"tool_calls\""
    )]
    [InlineData(Asked + """, "n": 2}""", 400, "one answer a request")]
    [InlineData(Asked + """, "tools": []}""", 400, "\"tools\" is no option of this server")]
    [InlineData(Asked + """, "seed": 1, "seed": 2}""", 400, "The body is no JSON")]
    public async Task A_request_that_cannot_be_meant_is_refused_in_words(string body, int status, string words)
    {
        foreach (string stream in (string[])["", ", \"stream\": true"])
        {
            int end = body.LastIndexOf('}');
            using var content = Json(end > 0 ? body.Insert(end, end > 1 && status != 404 ? stream : "") : body);
            using HttpResponseMessage response = await server.Http.PostAsync("v1/chat/completions", content);
            await AssertRefusedAsync(response, status, words);
        }
    }

    [Fact]
    public async Task What_is_too_long_or_nowhere_is_refused_in_words()
    {
        await Refused(await server.PostAsync("v1/chat/completions", Question(new string('a', 2000))), 400, "tokens");
        await Refused(
            await server.PostAsync("v1/chat/completions", Question(new string('a', Server.MaxBodyBytes))),
            413,
            "longer than 262,144 bytes"
        );
        using var chunked = Json($"\"{new string('a', 2 * Server.MaxBodyBytes)}\"");
        using var request = new HttpRequestMessage(HttpMethod.Post, "compare") { Content = chunked };
        request.Headers.TransferEncodingChunked = true;
        await Refused(await server.Http.SendAsync(request), 413, "longer than 262,144 bytes");
        await Refused(await server.PostAsync("compare", new { prompt = " " }), 400, "\"prompt\" has 1 characters");
        await Refused(await server.PostAsync("compare", new { prompt = "The film was", seed = "x" }), 400, "\"seed\" is \"x\"");
        await Refused(await server.Http.GetAsync("v2/chat"), 404, "nothing at /v2/chat");
        await Refused(await server.Http.GetAsync("v1/chat/completions"), 405, "does not take GET");

        static object Question(string content) => new { model = "policy", messages = new[] { new { role = "user", content } } };

        static async Task Refused(HttpResponseMessage response, int status, string words)
        {
            using (response)
                await AssertRefusedAsync(response, status, words);
        }
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task A_body_that_is_not_said_to_be_json_is_refused_so_that_no_form_of_another_site_can_ask(string type)
    {
        foreach (string path in (string[])["v1/chat/completions", "compare"])
        {
            using var content = new StringContent(Asked + "}", Encoding.UTF8, type);
            using HttpResponseMessage response = await server.Http.PostAsync(path, content);
            await AssertRefusedAsync(response, 415, "it must be application/json");
        }
    }

    [Theory]
    [InlineData("rebound.example", HttpStatusCode.BadRequest)]
    [InlineData("localhost", HttpStatusCode.OK)]
    [InlineData("127.0.0.1", HttpStatusCode.OK)]
    public async Task Only_names_of_this_machine_are_answered_so_that_no_rebound_name_can_ask(string host, HttpStatusCode status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "v1/models") { Headers = { Host = $"{host}:{server.Address.Port}" } };
        using HttpResponseMessage response = await server.Http.SendAsync(request);
        Assert.Equal(status, response.StatusCode);
    }

    [Fact]
    public async Task What_changes_nothing_is_taken()
    {
        using var content = Json(
            """
            {"model": "policy", "messages": [{"role": "user", "content": "a", "refusal": null}],
             "response_format": {"type": "text"}, "temperature": 0, "n": 1, "user": "me", "max_tokens": 2}
            """
        );
        using HttpResponseMessage response = await server.Http.PostAsync("v1/chat/completions", content);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public void A_developers_message_is_one_of_the_system()
    {
        using JsonDocument body = JsonDocument.Parse("""{"model": "policy", "messages": [{"role": "developer", "content": "b"}]}""");
        Assert.Equal(ChatRole.System, Assert.Single(ChatRequest.Read(body.RootElement, ["policy"]).Messages).Role);
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private static async Task AssertRefusedAsync(HttpResponseMessage response, int status, string words)
    {
        string text = await response.Content.ReadAsStringAsync();
        Assert.Equal((status, "application/json"), ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        JsonElement error = JsonDocument.Parse(text).RootElement.GetProperty("error");
        Assert.Contains(words, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
    }
}
