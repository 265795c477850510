using System.IO.Compression;
using System.Net;
using System.Text;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.References;
using static VariationalBoN.Tests.Rewards.ScriptedServer;

namespace VariationalBoN.Tests.Rewards;

/// <summary>Services that redirect, never end, echo what they were sent, or say a thing twice.</summary>
[Trait("Tier", "fast")]
public sealed class HostileServiceTests
{
    private const string Good = """{"rewards": [1, 2]}""";
    private static readonly Completion[] s_two = [WordPolicy.Word("p", 1), WordPolicy.Word("p", 2)];

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task Answer_from_elsewhere_is_no_reward(int status)
    {
        await using var elsewhere = new RawServer(Encoding.UTF8.GetBytes(Answer(Good)));
        await using var server = new ScriptedServer(_ =>
            Answer("", $"{status} Moved", $"Location: {elsewhere.Endpoint}?token=hidden1\r\n")
        );
        RemoteServiceException error = await Fails(server.Endpoint);
        Assert.Equal(RemoteFailure.Misdirected, error.Failure);
        Assert.Contains(elsewhere.Endpoint.ToString(), error.Message);
        Assert.Contains("AllowAutoRedirect", error.Message);
        Assert.DoesNotContain("hidden", error.ToString());
        Assert.Equal(
            RemoteFailure.Misdirected,
            (await Fails(server.Endpoint, new HttpClientHandler { AllowAutoRedirect = false })).Failure
        );
    }

    [Theory]
    [InlineData("/other")]
    [InlineData("/score?once=more")]
    public async Task Redirection_within_the_service_is_one_too(string place)
    {
        await using var server = new ScriptedServer(i => i == 0 ? Answer("", "307 Moved", $"Location: {place}\r\n") : Answer(Good));
        Assert.Equal(RemoteFailure.Misdirected, (await Fails(server.Endpoint)).Failure);
    }

    [Theory]
    [InlineData("file:///etc/passwd")]
    [InlineData("ftp://127.0.0.1/x")]
    [InlineData("gopher://x")]
    [InlineData("http://[")]
    [InlineData("javascript:alert(1)")]
    [InlineData("//")]
    [InlineData("")]
    public async Task Redirection_to_no_address_of_http_is_named(string place)
    {
        foreach (int status in new[] { 302, 307 })
        {
            await using var server = new ScriptedServer(_ => Answer("", $"{status} Moved", $"Location: {place}\r\n"));
            RemoteServiceException error = await Fails(server.Endpoint);
            Assert.NotEqual(RemoteFailure.Rejected, error.Failure);
            Assert.Contains(server.Endpoint.ToString(), error.Message);
        }
    }

    [Fact]
    public async Task Redirection_without_end_ends()
    {
        await using var server = new ScriptedServer(i => Answer("", "307 Moved", $"Location: /{i}\r\n"));
        Assert.Equal(RemoteFailure.Misdirected, (await Fails(server.Endpoint)).Failure);
    }

    [Theory]
    [InlineData("200 OK", RemoteFailure.BadAnswer)]
    [InlineData("500 Oops", RemoteFailure.ServerError)]
    [InlineData("404 Oops", RemoteFailure.Misdirected)]
    public async Task Body_without_end_is_read_up_to_a_bound(string status, RemoteFailure failure)
    {
        await using var server = new RawServer(
            Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nConnection: close\r\n\r\n"),
            [.. Enumerable.Repeat((byte)'[', 1 << 16)]
        );
        RemoteServiceException error = await Fails(server.Endpoint);
        Assert.Equal(failure, error.Failure);
        Assert.InRange(error.Message.Length, 1, 1500);
        Assert.InRange(server.Sent, 0, 64L << 20);
    }

    [Fact]
    public async Task Chunks_without_end_are_read_up_to_a_bound()
    {
        byte[] chunk = [.. "4000\r\n"u8, .. Enumerable.Repeat((byte)' ', 0x4000), .. "\r\n"u8];
        await using var server = new RawServer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"u8.ToArray(), chunk);
        RemoteServiceException error = await Fails(server.Endpoint);
        Assert.Equal(RemoteFailure.BadAnswer, error.Failure);
        Assert.Contains("longer than 1179648 bytes", error.Message); // 1 MiB and 64 KiB for each of two completions
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    public async Task Compressed_body_is_bounded_by_what_it_becomes(string encoding)
    {
        byte[] plain = [.. "{\"rewards\": ["u8, .. Enumerable.Repeat((byte)' ', 64 << 20)];
        using var packed = new MemoryStream();
        using (
            Stream pack = encoding switch
            {
                "gzip" => new GZipStream(packed, CompressionMode.Compress, true),
                "br" => new BrotliStream(packed, CompressionLevel.Fastest, true),
                _ => new ZLibStream(packed, CompressionMode.Compress, true),
            }
        )
            pack.Write(plain);
        byte[] head = Encoding.ASCII.GetBytes(
            $"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {packed.Length}\r\n\r\n"
        );
        await using var server = new RawServer([.. head, .. packed.ToArray()]);
        long before = GC.GetTotalAllocatedBytes();
        RemoteServiceException error = await Fails(
            server.Endpoint,
            new HttpClientHandler { AutomaticDecompression = DecompressionMethods.All }
        );
        Assert.Equal(RemoteFailure.BadAnswer, error.Failure);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 100L << 20); // of other tests, too
    }

    [Fact]
    public async Task Body_that_is_not_compressed_as_it_says_is_a_bad_answer()
    {
        await using var server = new ScriptedServer(_ => Answer(Good, header: "Content-Encoding: gzip\r\n"));
        Assert.Equal(
            RemoteFailure.BadAnswer,
            (await Fails(server.Endpoint, new HttpClientHandler { AutomaticDecompression = DecompressionMethods.All })).Failure
        );
    }

    [Fact]
    public async Task Length_that_is_a_lie_takes_no_memory()
    {
        await using var server = new RawServer("HTTP/1.1 200 OK\r\nContent-Length: 9000000000000000000\r\n\r\n{"u8.ToArray());
        Assert.Equal(RemoteFailure.Unavailable, (await Fails(server.Endpoint)).Failure);
    }

    [Fact]
    public async Task Headers_without_end_are_refused()
    {
        await using var server = new RawServer(
            "HTTP/1.1 200 OK\r\n"u8.ToArray(),
            Encoding.ASCII.GetBytes($"X-More: {new string('x', 8000)}\r\n")
        );
        RemoteServiceException error = await Fails(server.Endpoint);
        Assert.InRange(error.Message.Length, 1, 1500);
    }

    [Fact]
    public async Task Body_that_comes_byte_by_byte_meets_the_timeout()
    {
        await using var server = new RawServer(
            "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"u8.ToArray(),
            " "u8.ToArray(),
            TimeSpan.FromMilliseconds(20)
        );
        RemoteServiceException error = await Fails(server.Endpoint, timeout: TimeSpan.FromMilliseconds(300));
        Assert.Equal(RemoteFailure.Unavailable, error.Failure);
        Assert.Contains("0.3 s", error.Message);
    }

    [Theory]
    [InlineData("""{"rewards": [1, 2], "rewards": [3, 4]}""")]
    [InlineData("""{"model": "judge 2", "rewards": [1, 2], "model": "judge 1"}""")]
    [InlineData("""{"rewards": [1, 2], "components": {"a": [1, 2], "a": [3, 4]}}""")]
    [InlineData("""{"rewards": [1, 2], "\u0072ewards": [3, 4]}""")]
    [InlineData("""{"rewards": [1, 2], "extra": [{"x": {"y": 1, "y": 2}}]}""")]
    public async Task Name_that_stands_twice_is_refused(string body)
    {
        await using var server = new ScriptedServer(_ => Answer(body));
        RemoteServiceException error = await Fails(server.Endpoint);
        Assert.Equal(RemoteFailure.BadAnswer, error.Failure);
        Assert.Contains("twice", error.Message);
    }

    [Theory]
    [InlineData("""{"rewards": [1, "LONG"]}""")]
    [InlineData("""{"rewards": [1, 2], "model": "LONG"}""")]
    [InlineData("""{"rewards": [1, 2], "LONG": 1, "LONG": 2}""")]
    [InlineData("""{"rewards": [1, 2], "components": {"LONG": 1}}""")]
    [InlineData("""LONG""")]
    [InlineData("""{"rewards": [1, 2LONG]}""")]
    public async Task Messages_about_long_answers_are_short(string body)
    {
        await using var server = new ScriptedServer(_ => Answer(body.Replace("LONG", new string('x', 500_000), StringComparison.Ordinal)));
        RemoteServiceException error = await Fails(server.Endpoint);
        Assert.Equal(RemoteFailure.BadAnswer, error.Failure);
        Assert.InRange(error.Message.Length, 1, 1500);
    }

    [Theory]
    [InlineData("500 Oops", "you sent SECRET!")]
    [InlineData("401 SECRET", "")]
    [InlineData("200 OK", "SECRET is no JSON")]
    [InlineData("200 OK", """{"rewards": [1, 2], "model": "SECRET"}""")]
    [InlineData("200 OK", """{"rewards": ["SECRET"]}""")]
    [InlineData("200 OK", """{"rewards": [1, 2], "SECRET": 1, "SECRET": 2}""")]
    [InlineData("200 OK", """{"rewards": [1, 2], "components": {"SECRET": 1}}""")]
    [InlineData("403 Oops", "Authorization: Bearer SECRET and X-Api-Key=SECRET")]
    [InlineData("403 Oops", "FAR SECRET")]
    [InlineData("200 OK", """{"rewards": [1, 2], "model": "a model with a name that ends where messages cut: SECRET"}""")]
    [InlineData("200 OK", """{"rewards": [1, "a reward with a text that ends where the messages cut SECRET"]}""")]
    public async Task What_was_sent_as_a_secret_is_masked_in_what_comes_back(string status, string body)
    {
        foreach (string secret in new[] { "k3y-bearer+/==", "k3y-api", "k3y-user", "k3y-password&<", "k3y-query" })
        {
            foreach (
                string echo in new[] { secret, secret.ToUpperInvariant(), Uri.EscapeDataString(secret), WebUtility.HtmlEncode(secret) }
            )
            {
                string Filled(string text) =>
                    text.Replace("SECRET", echo, StringComparison.Ordinal)
                        .Replace("FAR ", new string(' ', 4096 - 5), StringComparison.Ordinal);
                await using var server = new ScriptedServer(_ => Answer(Filled(body), Filled(status)));
                var address = new UriBuilder(server.Endpoint)
                {
                    UserName = "k3y-user",
                    Password = Uri.EscapeDataString("k3y-password&<"),
                    Query = "a=1&key=k3y-query",
                }.Uri;
                RemoteServiceException error = await Fails(
                    address,
                    headers: [("Authorization", "Bearer k3y-bearer+/=="), ("X-Api-Key", "k3y-api")]
                );
                Assert.DoesNotContain("k3y", error.ToString(), StringComparison.OrdinalIgnoreCase);
            }
        }
    }

    [Fact]
    public void Options_show_no_secrets()
    {
        var options = new HttpRewardModelOptions { Endpoint = new Uri("http://user:hidden1@host/score?key=hidden2"), Identity = "judge 1" };
        Assert.DoesNotContain("hidden", options.ToString(), StringComparison.Ordinal);
        Assert.Contains("http://host/score", options.ToString(), StringComparison.Ordinal);
        using var client = new HttpClient();
        Assert.DoesNotContain(
            "hidden",
            Assert
                .Throws<ArgumentException>(() =>
                    new HttpRewardModel(client, options with { Endpoint = new Uri("ftp://user:hidden1@host/score?key=hidden2") })
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain(
            "hidden",
            Assert
                .Throws<ArgumentException>(() =>
                    new HttpRewardModel(client, options with { Endpoint = new Uri("/score?key=hidden2", UriKind.Relative) })
                )
                .Message,
            StringComparison.Ordinal
        );
    }

    private static async Task<RemoteServiceException> Fails(
        Uri endpoint,
        HttpClientHandler? handler = null,
        TimeSpan? timeout = null,
        (string Name, string Value)[]? headers = null
    )
    {
        using HttpClientHandler own = handler ?? new HttpClientHandler();
        using var client = new HttpClient(own) { Timeout = timeout ?? TimeSpan.FromSeconds(60) };
        foreach ((string name, string value) in headers ?? [])
            client.DefaultRequestHeaders.Add(name, value);
        var model = new HttpRewardModel(client, new() { Endpoint = endpoint, Identity = "judge 1" });
        return await Assert.ThrowsAsync<RemoteServiceException>(() => model.ScoreAsync(s_two, CancellationToken.None));
    }
}
