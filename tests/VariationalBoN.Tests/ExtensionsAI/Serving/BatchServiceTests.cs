using Microsoft.Extensions.AI;
using VariationalBoN.Extensions.AI.Serving;
using VariationalBoN.Guidance;
using VariationalBoN.Policies;
using VariationalBoN.Testing.Values;
using VariationalBoN.Testing.Worlds;
using VariationalBoN.Tests.Guidance;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.ExtensionsAI.Serving;

/// <summary>Policies that share no decode: what waits is drawn together.</summary>
[Trait("Tier", "torch")]
public sealed class BatchServiceTests : IDisposable
{
    private readonly TabularPolicy _policy = new(
        ["a", "b", "c"],
        vocabularySize: 3,
        length: 3,
        [.. Enumerable.Range(0, 3 * 13 * 3).Select(i => Math.Sin(i * 2.3))]
    );

    public void Dispose() => _policy.Dispose();

    [Fact]
    public async Task A_seed_gives_the_completion_of_Sample_and_what_waits_is_drawn_in_few_calls()
    {
        var counted = new Counted(_policy);
        await using var service = new CompletionService(counted);
        CompletionRequest[] requests =
        [
            .. Enumerable.Range(0, 60).Select(i => new CompletionRequest(_policy.Prompts[i % 3]) { Seed = i % 2, Sample = i / 6 }),
        ];

        IReadOnlyList<Completion> drawn = await service.CompleteAllAsync(requests);

        for (int i = 0; i < drawn.Count; i++)
            Assert.Equal(
                _policy.Sample([requests[i].Prompt], 1, new DrawSeed(i % 2, DrawPurpose.Serving, i / 6))[0].Tokens.AsEnumerable(),
                drawn[i].Tokens
            );
        Assert.Equal(2, counted.Calls); // one of each seed
        IReadOnlyList<Completion> best = await service.CompleteAllAsync([
            .. Enumerable.Range(0, 40).Select(k => new CompletionRequest("a") { Seed = 7, Sample = k }),
        ]);
        Assert.Equal(_policy.Sample(["a"], 40, new DrawSeed(7, DrawPurpose.Serving)).Select(one => one.Text), best.Select(one => one.Text));
        Assert.Equal(3, counted.Calls);
        IReadOnlyList<Completion> unseeded = await service.CompleteAllAsync([.. Enumerable.Repeat(new CompletionRequest("a"), 40)]);
        Assert.Equal(4, counted.Calls);
        Assert.True(unseeded.Select(one => string.Join(' ', one.Tokens)).Distinct().Count() > 5);
    }

    [Fact]
    public async Task A_guided_policy_is_served_and_reads_prompts_before_they_wait()
    {
        var world = new EnumerableWorld(
            3,
            3,
            [.. Enumerable.Range(0, 39).Select(i => Math.Sin(i * 2.1))],
            [.. Enumerable.Range(0, 27).Select(y => Math.Cos(y * 1.7))],
            n: 4
        );
        var guided = new GuidedPolicy(WorldModel.Policy(world), new EnumeratedPrefixValue(world), RankWeight.BestOf(4));
        await using var service = new CompletionService(guided);
        using var client = new PolicyChatClient(service);

        ChatResponse[] answers = await Task.WhenAll(
            Enumerable
                .Range(0, 20)
                .Select(k =>
                    client.GetResponseAsync(
                        EnumerableWorld.Prompt,
                        new ChatOptions
                        {
                            Seed = 1,
                            AdditionalProperties = new() { ["sample"] = k },
                        }
                    )
                )
        );

        IReadOnlyList<Completion> expected = guided.Sample([EnumerableWorld.Prompt], 20, new DrawSeed(1, DrawPurpose.Serving));
        Assert.Equal(expected.Select(one => one.Text), answers.Select(answer => answer.Text));
        Assert.True(guided.TryEncode(EnumerableWorld.Prompt, out EncodedPrompt? encoded, out _));
        Assert.Equal((1, false), (encoded.Tokens.Length, guided.ReadsConversations));
        Assert.False(client.TryRead([new ChatMessage(ChatRole.Assistant, "a")], null, out _, out _));
    }

    [Fact]
    public async Task What_is_wrong_with_one_request_is_not_the_others_fault()
    {
        await using var service = new CompletionService(_policy);

        Task<Completion>[] asked =
        [
            service.CompleteAsync(new CompletionRequest("a")),
            service.CompleteAsync(new CompletionRequest("unknown")),
            service.CompleteAsync(new CompletionRequest("b")),
        ];

        await Assert.ThrowsAsync<KeyNotFoundException>(() => asked[1]);
        Assert.Equal(["a", "b"], [(await asked[0]).Prompt.Text, (await asked[2]).Prompt.Text]);
        Assert.Equal((2, 1), (service.Statistics.Finished, service.Statistics.Failed));
    }

    [Fact]
    public async Task A_number_of_a_sample_without_a_seed_is_nobody_elses_fault()
    {
        var counted = new Counted(_policy);
        await using var service = new CompletionService(counted);

        IReadOnlyList<Completion> drawn = await service.CompleteAllAsync([
            new CompletionRequest("a") { Sample = int.MaxValue },
            new CompletionRequest("a"),
            new CompletionRequest("a"),
        ]);

        Assert.Equal((3, 1, null), (drawn.Count, counted.Calls, service.Fault));
    }

    [Fact]
    public async Task A_policy_that_hands_on_fewer_completions_than_asked_fails_those_that_are_left()
    {
        await using var service = new CompletionService(new Counted(_policy) { HandsOn = 1 });

        Task<Completion>[] asked = [.. _policy.Prompts.Select(prompt => service.CompleteAsync(new CompletionRequest(prompt)))];
        Assert.All(await Task.WhenAll(asked), one => Assert.NotNull(one)); // one by one it hands on each
        await using var none = new CompletionService(new Counted(_policy) { HandsOn = 0 });
        Assert.Contains(
            "asked for 1 completions and handed on 0",
            (await Assert.ThrowsAsync<InvalidOperationException>(() => none.CompleteAsync(new CompletionRequest("a")))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_fault_of_the_policy_itself_is_not_repeated_for_each_request()
    {
        var counted = new Counted(_policy) { Fault = new TimeoutException("the policy is away") };
        await using var service = new CompletionService(counted);

        await Assert.ThrowsAsync<TimeoutException>(() =>
            service.CompleteAllAsync([
                .. Enumerable.Range(0, 60).Select(i => new CompletionRequest(_policy.Prompts[i % 3]) { Seed = 1, Sample = i / 3 }),
            ])
        );
        await service.StopAsync();

        Assert.InRange(counted.Calls, 2, 3); // all, and each of two prompts unless all have left before
    }

    [Fact]
    public async Task Settings_of_a_request_are_refused_by_name()
    {
        await using var service = new CompletionService(_policy);

        string message = (
            await Assert.ThrowsAsync<CompletionRequestException>(() =>
                service.CompleteAsync(new CompletionRequest("a") { Temperature = 0.5, MaxNewTokens = 2 })
            )
        ).Message;

        Assert.Contains(
            "Temperature is 0.5, it must be left out: TabularPolicy draws with its own alone",
            message,
            StringComparison.Ordinal
        );
        Assert.Contains("MaxNewTokens is 2", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_goes_on_for_those_who_stay_and_is_cancelled_when_all_have_gone()
    {
        var counted = new Counted(_policy) { IsHeld = true };
        await using var service = new CompletionService(counted);
        using var cancel = new CancellationTokenSource();
        Task<IReadOnlyList<Completion>> asked = service.CompleteAllAsync(
            [.. Enumerable.Repeat(new CompletionRequest("a"), 3)],
            cancel.Token
        );
        Assert.True(counted.Entered.Wait(TimeSpan.FromSeconds(10)));

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        counted.IsHeld = false;
        await service.CompleteAsync(new CompletionRequest("b")); // the thread is free again
        Assert.True(counted.WasCancelled);
        Assert.Equal((1, 3, 0), (service.Statistics.Finished, service.Statistics.Cancelled, service.Statistics.Failed));
    }

    [Fact]
    public async Task Stop_sequences_cut_the_text()
    {
        await using var service = new CompletionService(_policy);
        string whole = _policy.Sample(["a"], 1, new DrawSeed(3, DrawPurpose.Serving))[0].Text,
            stop = whole[1..2];

        Completion cut = await service.CompleteAsync(new CompletionRequest("a") { Seed = 3, StopSequences = [stop] });

        Assert.Equal((whole[..whole.IndexOf(stop, StringComparison.Ordinal)], FinishReason.Stopped), (cut.Text, cut.FinishReason));
    }

    /// <summary>Counts the calls, and holds one until it is cancelled.</summary>
    private sealed class Counted(IPolicy policy) : IPolicy
    {
        public int Calls { get; private set; }

        public bool IsHeld { get; set; }

        /// <summary>The most completions of a call that it hands on.</summary>
        public int HandsOn { get; init; } = int.MaxValue;

        public Exception? Fault { get; init; }

        public bool WasCancelled { get; private set; }

        public SemaphoreSlim Entered { get; } = new(0);

        public ModelIdentity Identity => policy.Identity;

        public bool IsTrainable => false;

        public IReadOnlyList<Completion> Sample(
            IReadOnlyList<Prompt> prompts,
            int completionsPerPrompt,
            DrawSeed seed,
            CancellationToken cancellationToken = default
        )
        {
            Calls++;
            if (Fault is not null)
                throw Fault;
            if (IsHeld)
            {
                Entered.Release();
                WasCancelled = cancellationToken.WaitHandle.WaitOne(TimeSpan.FromSeconds(10));
                cancellationToken.ThrowIfCancellationRequested();
            }

            return policy.Sample(prompts, completionsPerPrompt, seed, cancellationToken);
        }

        public void SampleEach(
            IReadOnlyList<Prompt> prompts,
            int completionsPerPrompt,
            DrawSeed seed,
            Action<int, Completion> onFinished,
            CancellationToken cancellationToken = default
        )
        {
            IReadOnlyList<Completion> drawn = Sample(prompts, completionsPerPrompt, seed, cancellationToken);
            for (int place = 0; place < Math.Min(drawn.Count, HandsOn); place++)
                onFinished(place, drawn[place]);
        }

        public Tensor LogProb(IReadOnlyList<Completion> completions) => policy.LogProb(completions);
    }
}
