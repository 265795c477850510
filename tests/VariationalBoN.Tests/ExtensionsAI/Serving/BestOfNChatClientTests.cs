using Microsoft.Extensions.AI;
using VariationalBoN.Extensions.AI.Serving;
using VariationalBoN.References;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.Policies;

namespace VariationalBoN.Tests.ExtensionsAI.Serving;

/// <summary>Literal Best-of-N behind the interface of a chat client.</summary>
[Trait("Tier", "torch")]
public sealed class BestOfNChatClientTests
{
    private static readonly IRewardModel s_reward = RewardModel.FromFunction(
        completion => completion.Tokens.Sum(token => Math.Sin(token)),
        "sum of sines"
    );

    [Fact]
    public async Task The_answer_is_that_of_the_sampler_with_the_seed()
    {
        CausalLmPolicy policy = Policy();
        await using var service = new CompletionService(policy);
        using var client = new BestOfNChatClient(service, s_reward, n: 6);
        var sampler = new BestOfNSampler(policy, s_reward);

        for (int seed = 0; seed < 5; seed++)
        {
            ScoredCompletion[] expected = [.. await sampler.SampleAsync(["1 2 3", "1 2 3"], 6, seed)];
            for (int sample = 0; sample < 2; sample++)
            {
                var options = new ChatOptions
                {
                    Seed = seed,
                    AdditionalProperties = new() { ["sample"] = sample },
                };
                ChatResponse answer = await client.GetResponseAsync("1 2 3", options);
                ChatResponse streamed = await client.GetStreamingResponseAsync("1 2 3", options).ToChatResponseAsync();

                Assert.Equal(
                    (expected[sample].Completion.Text, expected[sample].Reward),
                    (answer.Text, answer.AdditionalProperties!["reward"])
                );
                Assert.Equal(answer.Text, streamed.Text);
                long drawn = policy.Sample(["1 2 3"], 6, new DrawSeed(seed, DrawPurpose.Serving, 6 * sample)).Sum(one => one.Tokens.Length);
                Assert.Equal(
                    (3L, drawn, 6),
                    (answer.Usage!.InputTokenCount, answer.Usage.OutputTokenCount, answer.AdditionalProperties["n"])
                );
                var single = new PolicyChatClient(service);
                long number = (int)answer.AdditionalProperties["sample"]!;
                Assert.Equal(
                    answer.Text,
                    (
                        await single.GetResponseAsync(
                            "1 2 3",
                            new ChatOptions
                            {
                                Seed = seed,
                                AdditionalProperties = new() { ["sample"] = number },
                            }
                        )
                    ).Text
                );
            }
        }
    }

    [Fact]
    public async Task What_cannot_be_answered_is_said()
    {
        await using var service = new CompletionService(Policy(), new CompletionServiceOptions { MaxWaiting = 8 });
        Assert.Contains(
            "N must be 1 to 8",
            Assert.Throws<ArgumentOutOfRangeException>(() => new BestOfNChatClient(service, s_reward, n: 9)).Message,
            StringComparison.Ordinal
        );
        using var failing = new BestOfNChatClient(service, RewardModel.FromFunction(_ => double.NaN, "none"), n: 2);
        await Assert.ThrowsAsync<RewardModelException>(() => failing.GetResponseAsync("1"));
        using var excluding = new BestOfNChatClient(
            service,
            s_reward,
            n: 2,
            scoring: new ScoringOptions { OnTruncated = TruncationRule.Exclude }
        );
        await Assert.ThrowsAsync<RewardModelException>(() =>
            excluding.GetResponseAsync("1", new ChatOptions { MaxOutputTokens = 1, Temperature = 0 })
        );
        using var client = new BestOfNChatClient(service, s_reward, n: 2);
        Assert.Contains(
            "Tools",
            (
                await Assert.ThrowsAsync<CompletionRequestException>(() =>
                    client.GetResponseAsync("1", new ChatOptions { Tools = [AIFunctionFactory.Create(() => 1, "tool")] })
                )
            ).Message,
            StringComparison.Ordinal
        );
        var last = new ChatOptions
        {
            Seed = 1,
            AdditionalProperties = new() { ["sample"] = (int.MaxValue / 2) - 1 },
        };
        Assert.NotNull(await client.GetResponseAsync("1", last));
        last.AdditionalProperties["sample"] = int.MaxValue / 2;
        last.MaxOutputTokens = 99;
        string message = (await Assert.ThrowsAsync<CompletionRequestException>(() => client.GetResponseAsync("1", last))).Message;
        Assert.Contains("it may be at most 1073741822", message, StringComparison.Ordinal);
        Assert.Contains("MaxNewTokens is 99", message, StringComparison.Ordinal);
        Assert.False(client.TryRead([new ChatMessage(ChatRole.User, "1")], last, out _, out string? reason));
        Assert.Equal(message, reason);
        Assert.StartsWith(
            "The prompt ",
            (
                await Assert.ThrowsAsync<CompletionRequestException>(() =>
                    client.GetResponseAsync(string.Join(' ', Enumerable.Repeat(1, 30)))
                )
            ).Message,
            StringComparison.Ordinal
        );
        Assert.Same(service, client.GetService<CompletionService>());
    }

    private static CausalLmPolicy Policy() =>
        new(
            TinyModels.Gpt2(),
            new NumberTokenizer(TinyModels.Vocabulary),
            new GenerationOptions
            {
                MaxNewTokens = 12,
                StopTokens = [5],
                RowsPerBatch = 8,
            }
        );
}
