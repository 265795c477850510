using System.Net;
using System.Text;
using VariationalBoN.Extensions.AI.Judges;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.ExtensionsAI;
using VariationalBoN.Tests.References;

namespace VariationalBoN.Tests.Rewards;

/// <summary>Generated and mutated answers of a remote judge: a finite reward for each completion, or <see cref="RemoteServiceException"/>
/// with the address; nothing else, and no memory out of proportion.</summary>
[Trait("Tier", "fast")]
public sealed class ScoreReaderFuzzTests
{
    private static readonly FileFuzz s_fuzz = new(
        "Infinity",
        "-0",
        "-1e999",
        "[1, 2]",
        "[1, 2, 3]",
        "{\"a\": [1, 2]}",
        "\\u0000",
        "\"rewards\"",
        "\"model\"",
        "\"components\"",
        "\"judge 1\"",
        "\"style\"",
        new string('9', 400)
    );

    private static readonly Completion[] s_two = [WordPolicy.Word("a", 1), WordPolicy.Word("b", 2)];

    [Fact]
    public async Task Answer_of_HTTP()
    {
        var answer = new Canned();
        using var client = new HttpClient(answer);
        var model = new HttpRewardModel(client, new() { Endpoint = new Uri("http://judge.test/score"), Identity = "judge 1" });
        string[] seeds =
        [
            """{"rewards": [-1.5, 2e-3], "model": "judge 1", "components": {"style": [0.5, 1], "facts": [3, 4]}}""",
            """{"rewards":[0,1]}""",
        ];
        await FuzzAsync(
            FileFuzz.Inputs / 4,
            seeds,
            "http://judge.test/score",
            bytes =>
            {
                answer.Body = bytes;
                return model.ScoreAsync(s_two, CancellationToken.None);
            }
        );
    }

    [Fact]
    public async Task Answer_of_a_chat_model()
    {
        string text = "";
        using FakeChatClient client = FakeChatClient.Saying(_ => text);
        var model = new ChatRewardModel(client, new() { Template = "{completion}" });
        await FuzzAsync(
            FileFuzz.Inputs / 4,
            ["7.5", " -3e-2\n"],
            "chat judge fake",
            bytes =>
            {
                text = Encoding.UTF8.GetString(bytes);
                return model.ScoreAsync([s_two[0]], CancellationToken.None);
            }
        );
    }

    private static async Task FuzzAsync(int inputs, string[] seeds, string named, Func<byte[], Task<RewardScores>> ask)
    {
        var random = new Random(17);
        int expected = named.StartsWith("http", StringComparison.Ordinal) ? 2 : 1,
            accepted = 0,
            refused = 0;
        for (int i = 0; i < inputs; i++)
        {
            byte[] input = s_fuzz.Mutate(random, Encoding.UTF8.GetBytes(seeds[random.Next(seeds.Length)]));
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                RewardScores rewards = await ask(input);
                Assert.Equal(expected, rewards.Count);
                Assert.All(rewards, reward => Assert.True(double.IsFinite(reward)));
                accepted++;
            }
            catch (RemoteServiceException e)
            {
                Assert.True(e.Failure is RemoteFailure.BadAnswer or RemoteFailure.BadReward or RemoteFailure.Unavailable, $"{e.Failure}");
                Assert.Contains(named, e.Message);
                Assert.InRange(e.Message.Length, 1, 1000);
                refused++;
            }
            catch (Exception e)
            {
                Assert.Fail($"Input {i} ({Convert.ToBase64String(input)}): {e}");
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, (1 << 20) + (200L * input.Length));
        }

        Assert.True(
            accepted > inputs / 10 && refused > inputs / 10 && accepted + refused == inputs,
            $"{accepted} accepted, {refused} refused"
        );
    }

    /// <summary>Answers 200 with given bytes, on the thread that asks.</summary>
    private sealed class Canned : HttpMessageHandler
    {
        public byte[] Body { get; set; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(Body) });
    }
}
