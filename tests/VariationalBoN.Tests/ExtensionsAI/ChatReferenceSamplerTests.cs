using System.Collections.Concurrent;
using Microsoft.Extensions.AI;
using VariationalBoN.Extensions.AI.References;
using VariationalBoN.References;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.References;
using VariationalBoN.Tests.Rewards;

namespace VariationalBoN.Tests.ExtensionsAI;

[Trait("Tier", "fast")]
public sealed class ChatReferenceSamplerTests
{
    private static readonly Prompt[] s_prompts = ["a", "b", "c"];
    private static readonly ChatReferenceSamplerOptions s_options = new() { MaxOutputTokens = 5, Temperature = 0.7f };
    private static readonly IRewardModel s_reward = RewardModel.FromFunction(
        (_, text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture) % 100,
        "last digits"
    );

    [Fact]
    public async Task Samples_stand_in_order_and_depend_on_seed_prompt_and_index_alone()
    {
        using FakeChatClient client = Seeded();
        var sampler = new ChatReferenceSampler(client, s_options);

        IReadOnlyList<Completion> drawn = await sampler.SampleAsync(s_prompts, 4, 7);

        Assert.Equal(s_prompts.SelectMany(prompt => Enumerable.Repeat(prompt, 4)), drawn.Select(completion => completion.Prompt));
        Assert.Equal(12, drawn.Select(completion => completion.Text).Distinct().Count());
        Assert.Equal(drawn.Skip(6).Take(2), await sampler.SampleAsync(["b"], 2, new DrawSeed(7, FirstSample: 2)), Same);
        Assert.NotEqual(drawn.Take(4), await sampler.SampleAsync(["a"], 4, 8), Same);
        Assert.NotEqual(drawn.Take(4), await sampler.SampleAsync(["a"], 4, new DrawSeed(7, DrawPurpose.Evaluation)), Same);
        Assert.All(drawn, completion => Assert.Empty(completion.Tokens));
        Assert.False(client.Disposed);
        Assert.Equal(sampler.Identity, new ChatReferenceSampler(client, s_options).Identity);
        Assert.NotEqual(sampler.Identity, new ChatReferenceSampler(client, s_options with { Temperature = 0.8f }).Identity);
    }

    [Fact]
    public async Task Settings_of_the_distribution_are_sent()
    {
        ChatOptions sent = new();
        IReadOnlyList<ChatMessage> messages = [];
        using var client = new FakeChatClient(
            (m, options, _) =>
            {
                (messages, sent) = (m, options);
                return Task.FromResult(FakeChatClient.Response("y", ChatFinishReason.Length));
            }
        );
        var options = s_options with
        {
            ModelId = "m",
            SendSeed = false,
            Identity = "m, told to shout",
            Messages = prompt => [new(ChatRole.System, "s"), new(ChatRole.User, prompt + "!")],
        };

        Completion drawn = Assert.Single(await new ChatReferenceSampler(client, options).SampleAsync(["x"], 1, 0));

        Assert.Equal((0.7f, 1f, 5, "m", null), (sent.Temperature, sent.TopP, sent.MaxOutputTokens, sent.ModelId, sent.Seed));
        Assert.Equal(["s", "x!"], messages.Select(message => message.Text));
        Assert.Equal(FinishReason.Length, drawn.FinishReason);
    }

    [Fact]
    public async Task A_conversation_is_sent_message_by_message()
    {
        IReadOnlyList<ChatMessage> sent = [];
        using var client = new FakeChatClient(
            (messages, _, _) =>
            {
                sent = messages;
                return Task.FromResult(FakeChatClient.Response("y", ChatFinishReason.Stop));
            }
        );
        var prompt = Prompt.Conversation(
            """[{"role": "system", "content": "s"}, {"role": "user", "name": "Ann", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]"""
        );

        await new ChatReferenceSampler(client, s_options).SampleAsync([prompt], 1, 0);

        Assert.Equal(
            [(ChatRole.System, "s", null), (ChatRole.User, "ab", "Ann")],
            sent.Select(message => (message.Role, message.Text, message.AuthorName))
        );
    }

    [Theory]
    [InlineData("""[{"role": "user", "content": [{"type": "image", "url": "x"}]}]""")]
    [InlineData("""[{"role": "assistant", "content": null}]""")]
    [InlineData("""[{"role": "assistant", "content": "", "tool_calls": []}]""")]
    public async Task What_is_no_text_of_a_conversation_is_refused(string messages)
    {
        using FakeChatClient client = Seeded();
        var error = await Assert.ThrowsAsync<ArgumentException>(() =>
            new ChatReferenceSampler(client, s_options).SampleAsync([Prompt.Conversation(messages)], 1, 0)
        );

        Assert.Contains(nameof(ChatReferenceSamplerOptions.Messages), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_more_requests_than_allowed_are_under_way()
    {
        int now = 0,
            peak = 0,
            calls = 0;
        var gate = new CountdownTask(3);
        using var client = new FakeChatClient(
            async (_, _, _) =>
            {
                int underWay = Interlocked.Increment(ref now);
                lock (gate)
                    peak = Math.Max(peak, underWay);
                if (Interlocked.Increment(ref calls) <= 3)
                    await gate.SignalAndWaitAsync();
                await Task.Yield();
                Interlocked.Decrement(ref now);
                return FakeChatClient.Response("y", ChatFinishReason.Stop);
            }
        );
        await new ChatReferenceSampler(client, s_options with { MaxConcurrency = 3 }).SampleAsync(s_prompts, 5, 0);
        Assert.Equal((3, 15), (peak, calls));
    }

    [Fact]
    public async Task Request_that_fails_for_a_while_is_made_again_and_one_that_fails_for_good_names_the_prompt()
    {
        int calls = 0;
        using var client = new FakeChatClient(
            (messages, options, _) =>
                messages[0].Text == "c" ? throw new HttpRequestException("no such model", null, System.Net.HttpStatusCode.NotFound)
                : Interlocked.Increment(ref calls) % 3 != 0 ? throw new IOException("reset")
                : Task.FromResult(FakeChatClient.Response("y", ChatFinishReason.Stop))
        );
        var sampler = new ChatReferenceSampler(
            client,
            s_options with
            {
                Retry = new()
                {
                    MaxRetries = 50,
                    TimeProvider = new ImpatientTime(),
                    Timeout = null,
                },
            }
        );
        Assert.Equal(10, (await sampler.SampleAsync(s_prompts[..2], 5, 0)).Count);
        var error = await Assert.ThrowsAsync<RemoteServiceException>(() => sampler.SampleAsync(s_prompts[2..], 1, 0));
        Assert.Contains("sample 0 of the prompt \"c\": no such model", error.Message);
        Assert.Equal(RemoteFailure.Misdirected, error.Failure);
    }

    [Fact]
    public async Task Failure_that_passes_is_no_refusal_although_it_was_tried_once()
    {
        using var client = new FakeChatClient(
            (_, _, _) => throw new HttpRequestException("restarting", null, System.Net.HttpStatusCode.ServiceUnavailable)
        );
        var error = await Assert.ThrowsAsync<RemoteServiceException>(() =>
            new ChatReferenceSampler(client, s_options with { Retry = new() { MaxRetries = 0 } }).SampleAsync(["x"], 1, 0)
        );
        Assert.Equal(RemoteFailure.Unavailable, error.Failure);
    }

    [Theory]
    [InlineData(null, "MissingFinishReason")]
    [InlineData("content_filter", "filters")]
    [InlineData("tool_calls", "tools")]
    public async Task Answer_that_is_no_sample_of_the_model_is_refused(string? reason, string remedy)
    {
        using var client = new FakeChatClient(
            (_, _, _) => Task.FromResult(FakeChatClient.Response("y", reason is null ? null : new ChatFinishReason(reason)))
        );
        var error = await Assert.ThrowsAsync<RemoteServiceException>(() =>
            new ChatReferenceSampler(client, s_options).SampleAsync(["x"], 1, 0)
        );
        Assert.Contains(remedy, error.Message);
        var lenient = new ChatReferenceSampler(client, s_options with { MissingFinishReason = FinishReason.Stopped });
        if (reason is null)
            Assert.Equal(FinishReason.Stopped, (await lenient.SampleAsync(["x"], 1, 0))[0].FinishReason);
        else
            await Assert.ThrowsAsync<RemoteServiceException>(() => lenient.SampleAsync(["x"], 1, 0));
    }

    [Fact]
    public async Task Cancellation_passes_untouched()
    {
        using var source = new CancellationTokenSource();
        using var client = new FakeChatClient(
            async (_, _, token) =>
            {
                await source.CancelAsync();
                await Task.Delay(Timeout.Infinite, token);
                return new ChatResponse();
            }
        );
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            new ChatReferenceSampler(client, s_options).SampleAsync(s_prompts, 2, 0, source.Token)
        );
        Assert.Equal(source.Token, error.CancellationToken);
    }

    [Fact]
    public async Task Table_is_the_one_of_the_samples_and_knows_where_it_comes_from()
    {
        using FakeChatClient client = Seeded();
        var sampler = new ChatReferenceSampler(client, s_options);
        var scoring = new ScoringOptions { OnFailure = RewardFailure.Exclude };
        var picky = RewardModel.FromFunction((prompt, text) => prompt == "b" && text.EndsWith('3') ? double.NaN : text.Length, "picky");

        ReferenceTable table = await sampler.EstimateAsync(picky, ["a", "b", "a"], 50, seed: 3, scoring);

        IReadOnlyList<Completion> drawn = await sampler.SampleAsync(["a", "b"], 50, new DrawSeed(3, DrawPurpose.Reference));
        string[] kept = [.. drawn.Skip(50).Select(completion => completion.Text).Where(text => !text.EndsWith('3'))];
        Assert.Equal(["a", "b"], table.Prompts.Select(prompt => prompt.Prompt));
        Assert.Equal(kept, table["b"].Responses);
        Assert.Equal(kept.Select(text => (double)text.Length), table["b"].Rewards);
        Assert.Equal(50 - kept.Length, table["b"].Excluded);
        Assert.Equal(
            new ReferenceProvenance(
                new ScoringIdentity(
                    new ModelIdentity("chat model fake", ("temperature", 0.7f), ("max output tokens", 5)),
                    "picky",
                    new ScoringOptions().Identity
                ),
                3
            ),
            table.Provenance
        );
        Assert.True(double.IsFinite(table.BestOf(8).LogRatio(new ScoredCompletion(drawn[0], 8, -20)))); // F needs rewards alone
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Table_whose_client_fails_in_the_middle_goes_on_in_its_store_and_asks_for_nothing_twice(bool resized)
    {
        string folder = Directory.CreateTempSubdirectory("vbon-chat-").FullName;
        try
        {
            var asked = new ConcurrentBag<long>();
            bool isDown = false;
            using var client = new FakeChatClient(
                (messages, options, _) =>
                {
                    if (isDown || (asked.Count >= 12 && messages[0].Text == "c"))
                        throw new HttpRequestException("gone", null, System.Net.HttpStatusCode.NotFound);
                    asked.Add(options.Seed!.Value);
                    return Task.FromResult(FakeChatClient.Response(FormattableString.Invariant($"{options.Seed}"), ChatFinishReason.Stop));
                }
            );
            var sampler = new ChatReferenceSampler(client, s_options);
            var reports = new List<ReferenceTableProgress>();
            var options = new ReferenceTableOptions
            {
                SamplesPerPrompt = 6,
                Seed = 3,
                PromptsPerBatch = 1,
                Store = Path.Combine(folder, "references.db"),
                Progress = new Told(reports.Add),
            };

            await Assert.ThrowsAsync<RemoteServiceException>(() => sampler.EstimateAsync(s_reward, s_prompts, options));
            Assert.Equal([0L, 6, 12], reports.Select(report => report.SamplesDone));
            Assert.Equal(12, asked.Count);

            using FakeChatClient healthy = Seeded(asked);
            reports.Clear();
            int samples = resized ? 9 : 6;
            using ReferenceTable table = await new ChatReferenceSampler(healthy, s_options).EstimateAsync(
                s_reward,
                s_prompts,
                options with
                {
                    SamplesPerPrompt = samples,
                }
            );

            Assert.Equal(12, reports[0].SamplesFound);
            Assert.Equal((3L * samples, 3), (reports[^1].SamplesDone, reports[^1].PromptsDone));
            Assert.Equal(3 * samples, asked.Count);
            Assert.Equal(3 * samples, asked.Distinct().Count());
            ReferenceTable whole = await new ChatReferenceSampler(healthy, s_options).EstimateAsync(s_reward, s_prompts, samples, seed: 3);
            Assert.Equal(whole.Provenance, table.Provenance);
            Assert.All(s_prompts, prompt => Assert.Equal(whole[prompt].Responses.ToArray(), table[prompt].Responses.ToArray()));
            Assert.All(s_prompts, prompt => Assert.Equal(whole[prompt].Rewards.ToArray(), table[prompt].Rewards.ToArray()));

            isDown = true;
            using ReferenceTable again = await sampler.EstimateAsync(s_reward, s_prompts, options with { SamplesPerPrompt = samples });
            Assert.Equal(3, again.Prompts.Length);
            Assert.Contains(
                "temperature",
                (
                    await Assert.ThrowsAsync<InvalidOperationException>(() =>
                        new ChatReferenceSampler(client, s_options with { Temperature = 1 }).EstimateAsync(s_reward, s_prompts, options)
                    )
                ).Message
            );
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Function_that_returns_other_completions_than_asked_for_is_refused()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            ReferenceSamples.EstimateAsync(
                "short server",
                (prompts, count, _, _) =>
                    Task.FromResult<IReadOnlyList<Completion>>([
                        .. prompts.SelectMany(prompt => Enumerable.Repeat(new Completion { Prompt = prompt, Text = "1" }, count)).Skip(1),
                    ]),
                s_reward,
                s_prompts,
                new ReferenceTableOptions { SamplesPerPrompt = 4 }
            )
        );
        Assert.Contains("short server was asked for 4 completions of each of 3 prompts and gave 11", error.Message);
    }

    [Fact]
    public async Task Table_is_refused_for_another_reference_unless_the_caller_says_it_is_the_same()
    {
        using FakeChatClient client = Seeded();
        var scorer = new Scorer(new WordPolicy([1]), s_reward);
        ReferenceTable other = await new ChatReferenceSampler(client, s_options).EstimateAsync(s_reward, s_prompts, 4, 0);
        Assert.Contains("chat model fake", Assert.Throws<InvalidOperationException>(() => other.RequireMatch(scorer)).Message);
        ReferenceTable same = await new ChatReferenceSampler(client, s_options with { Identity = scorer.Reference.Identity }).EstimateAsync(
            s_reward,
            s_prompts,
            4,
            0
        );
        same.RequireMatch(scorer);
        Assert.Equal("words", same.Provenance!.Origin.Reference);
    }

    [Fact]
    public async Task Prompt_without_a_scored_sample_is_named()
    {
        using FakeChatClient client = Seeded();
        var picky = RewardModel.FromFunction((prompt, _) => prompt == "b" ? double.NaN : 1, "picky");
        var error = await Assert.ThrowsAsync<RewardModelException>(() =>
            new ChatReferenceSampler(client, s_options).EstimateAsync(picky, s_prompts, 4, 0, new() { OnFailure = RewardFailure.Exclude })
        );
        Assert.Contains("1 of 3 prompts have no reward, each of their samples was excluded: \"b\"", error.Message);
    }

    [Fact]
    public void Options_name_all_their_faults_in_one_message()
    {
        using FakeChatClient client = Seeded();
        string message = Assert
            .Throws<ArgumentException>(() =>
                new ChatReferenceSampler(
                    client,
                    new()
                    {
                        MaxOutputTokens = 0,
                        Temperature = 0,
                        MaxConcurrency = 0,
                        MissingFinishReason = (FinishReason)9,
                        Messages = _ => [],
                        Retry = null!,
                    }
                )
            )
            .Message;
        foreach (
            string fault in (string[])
                [
                    "MaxOutputTokens is 0",
                    "Temperature is 0",
                    "MaxConcurrency is 0",
                    "MissingFinishReason is 9",
                    "Identity is not set although Messages is set",
                    "Retry is null",
                ]
        )
            Assert.Contains(fault, message);
    }

    /// <summary>A service that heeds seeds: it says the seed.</summary>
    private static FakeChatClient Seeded(ConcurrentBag<long>? asked = null) =>
        new(
            async (_, options, _) =>
            {
                await Task.Yield();
                asked?.Add(options.Seed!.Value);
                return FakeChatClient.Response(FormattableString.Invariant($"{options.Seed}"), ChatFinishReason.Stop);
            }
        );

    private static bool Same(Completion a, Completion b) => (a.Prompt, a.Text) == (b.Prompt, b.Text);

    private sealed class Told(Action<ReferenceTableProgress> report) : IProgress<ReferenceTableProgress>
    {
        public void Report(ReferenceTableProgress value) => report(value);
    }
}
