using System.Diagnostics;
using Microsoft.Extensions.Logging;
using VariationalBoN.Extensions.AI.Serving;
using VariationalBoN.Policies;
using VariationalBoN.Tests.Policies;
using VariationalBoN.Tests.Root;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.ExtensionsAI.Serving;

/// <summary>Completions of many askers through one decode.</summary>
[Trait("Tier", "torch")]
public sealed class CompletionServiceTests
{
    private static readonly Prompt[] s_prompts = ["1 2 3", "0 4", "2 2", "4 3 2 1", "3 3", "1 1 0"];
    private static readonly GenerationOptions s_options = new()
    {
        MaxNewTokens = 12,
        StopTokens = [5],
        RowsPerBatch = 4,
    };

    [Fact]
    public async Task Pieces_and_the_whole_are_what_the_policy_draws_with_the_seed()
    {
        CausalLmPolicy policy = Policy();
        await using var service = new CompletionService(policy);
        CompletionRequest[] requests =
        [
            .. Enumerable.Range(0, 40).Select(i => new CompletionRequest(s_prompts[i % 6]) { Seed = i / 7, Sample = i % 3 }),
        ];

        Completion[] whole = await Task.WhenAll(requests.Select(request => service.CompleteAsync(request)));
        string[] pieces = await Task.WhenAll(
            requests.Select(async request => string.Concat(await service.StreamAsync(request).ToArrayAsync()))
        );

        for (int i = 0; i < requests.Length; i++)
        {
            Completion alone = policy.Sample([requests[i].Prompt], 1, new DrawSeed(i / 7, DrawPurpose.Serving, i % 3))[0];
            Assert.Equal((alone.Prompt, alone.Text, alone.FinishReason), (whole[i].Prompt, whole[i].Text, whole[i].FinishReason));
            Assert.Equal(alone.Tokens.AsEnumerable(), whole[i].Tokens);
            Assert.Equal(alone.PromptTokens.AsEnumerable(), whole[i].PromptTokens);
            Assert.Equal(alone.Text, pieces[i]);
        }

        CompletionServiceStatistics statistics = service.Statistics;
        Assert.Equal(
            (0, 0, 80, 0, 0),
            (statistics.Waiting, statistics.Running, statistics.Finished, statistics.Cancelled, statistics.Failed)
        );
        Assert.Equal(2 * whole.Sum(one => one.Tokens.Length), statistics.Tokens);
    }

    [Fact]
    public async Task A_text_comes_while_it_is_drawn()
    {
        var gate = new GatedModule(TinyModels.Gpt2());
        await using var service = new CompletionService(Policy(s_options with { StopTokens = [] }, gate));
        await using IAsyncEnumerator<string> pieces = service.StreamAsync(new CompletionRequest("1 2") { Seed = 1 }).GetAsyncEnumerator();
        ValueTask<bool> first = pieces.MoveNextAsync();
        Assert.False(first.IsCompleted);

        gate.Open(1);

        Assert.True(await first);
        Assert.Equal((1, 0, 1), (service.Statistics.Running, service.Statistics.Finished, service.Statistics.Tokens));
        string piece = pieces.Current;
        gate.Open(11);
        string whole = piece + await Rest(pieces);
        Assert.Equal(12, whole.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length); // MaxNewTokens tokens, a number each
    }

    [Fact]
    public async Task Requests_without_a_seed_differ_and_settings_are_those_of_the_request()
    {
        CausalLmPolicy policy = Policy(s_options with { StopTokens = [], RowsPerBatch = 32 });
        await using var service = new CompletionService(policy);

        IReadOnlyList<Completion> drawn = await service.CompleteAllAsync([.. Enumerable.Repeat(new CompletionRequest("1 2"), 20)]);
        Completion[] settled = await Task.WhenAll(
            service.CompleteAsync(new CompletionRequest("1 2") { Temperature = 0 }),
            service.CompleteAsync(
                new CompletionRequest("1 2")
                {
                    Seed = 4,
                    Temperature = 0.5,
                    MaxNewTokens = 5,
                }
            ),
            service.CompleteAsync(
                new CompletionRequest("1 2")
                {
                    Seed = 4,
                    TopK = 2,
                    TopP = 0.9,
                }
            )
        );

        Assert.True(drawn.Select(one => one.Text).Distinct().Count() > 10);
        DrawSeed seed = new(4, DrawPurpose.Serving);
        Assert.Equal(policy.With(policy.Options with { TopK = 1 }).Sample(["1 2"], 1, 9)[0].Text, settled[0].Text);
        Assert.Equal(
            policy.With(policy.Options with { Temperature = 0.5, MaxNewTokens = 5 }).Sample(["1 2"], 1, seed)[0].Text,
            settled[1].Text
        );
        Assert.Equal(policy.With(policy.Options with { TopK = 2, TopP = 0.9 }).Sample(["1 2"], 1, seed)[0].Text, settled[2].Text);
    }

    [Fact]
    public async Task A_stop_sequence_ends_a_completion_and_takes_it_out_of_the_decode()
    {
        var gate = new GatedModule(TinyModels.Gpt2());
        CausalLmPolicy plain = Policy(s_options with { StopTokens = [] });
        await using var service = new CompletionService(Policy(s_options with { StopTokens = [] }, gate));
        Completion alone = plain.Sample(["1 2"], 1, new DrawSeed(2, DrawPurpose.Serving))[0];
        string stop = $" {alone.Tokens[3]}";
        int at = alone.Tokens.IndexOf(alone.Tokens[3]);

        Task<Completion> asked = service.CompleteAsync(new CompletionRequest("1 2") { Seed = 2, StopSequences = [stop, "none"] });
        gate.Open(at + 1);
        Completion cut = await asked; // though the gate lets no more than these passes through

        Assert.Equal(
            (string.Concat(alone.Tokens.Take(at).Select(token => $" {token}")), FinishReason.Stopped),
            (cut.Text, cut.FinishReason)
        );
        Assert.Equal(alone.Tokens.Take(at + 1), cut.Tokens);
        Assert.Equal((0, 1), (service.Statistics.Running, service.Statistics.Finished));
        gate.Open(100);
    }

    [Theory]
    [InlineData("Sample is -1")]
    [InlineData("MaxNewTokens is 13, it must be 1 to 12")]
    [InlineData("Temperature is NaN")]
    [InlineData("TopK is 0")]
    [InlineData("TopP is 1.5")]
    [InlineData("StopSequences holds an empty text")]
    public async Task Every_fault_of_a_request_is_named_in_one_message_and_nothing_is_drawn(string named)
    {
        await using var service = new CompletionService(Policy());
        var request = new CompletionRequest("1")
        {
            Sample = -1,
            MaxNewTokens = 13,
            Temperature = double.NaN,
            TopK = 0,
            TopP = 1.5,
            StopSequences = ["a", ""],
        };

        string message = (await Assert.ThrowsAsync<CompletionRequestException>(() => service.CompleteAsync(request))).Message;

        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.False(service.TryCheck(request, out string? reason));
        Assert.Equal(message, reason);
        Assert.Equal(default, service.Statistics);
    }

    [Fact]
    public async Task Prompts_that_cannot_be_drawn_from_are_refused_before_they_wait()
    {
        await using var service = new CompletionService(Policy());
        CompletionRequest tooLong = new(string.Join(' ', Enumerable.Repeat(1, 21)));

        Assert.Contains(
            "at most 20",
            (await Assert.ThrowsAsync<CompletionRequestException>(async () => await service.StreamAsync(tooLong).ToArrayAsync())).Message,
            StringComparison.Ordinal
        );
        Assert.False(service.TryCheck(tooLong, out _));
        Assert.True(service.TryCheck(tooLong with { MaxNewTokens = 11 }, out _));
        Assert.Contains(
            "Request 1:",
            (
                await Assert.ThrowsAsync<CompletionRequestException>(() => service.CompleteAllAsync([new CompletionRequest("1"), tooLong]))
            ).Message,
            StringComparison.Ordinal
        );
        Assert.Equal(default, service.Statistics);
    }

    [Fact]
    public async Task A_request_that_finds_no_room_to_wait_is_refused_and_those_that_wait_go_on()
    {
        var gate = new GatedModule(TinyModels.Gpt2());
        CausalLmPolicy policy = Policy(s_options with { RowsPerBatch = 1 }, gate);
        await using var service = new CompletionService(policy, new CompletionServiceOptions { MaxWaiting = 2 });
        Assert.Equal((policy, 2), (service.Policy, service.MaxWaiting));
        Task<Completion> running = service.CompleteAsync(new CompletionRequest("1"));
        await gate.ArrivalAsync(); // of the probe
        await gate.ArrivalAsync(); // of the prompt
        Task<IReadOnlyList<Completion>> waiting = service.CompleteAllAsync([new CompletionRequest("1"), new CompletionRequest("2")]);

        string message = (await Assert.ThrowsAsync<ServiceBusyException>(() => service.CompleteAsync(new CompletionRequest("1")))).Message;

        Assert.Contains("2 requests wait of at most 2", message, StringComparison.Ordinal);
        Assert.Equal((2, 1), (service.Statistics.Waiting, service.Statistics.Running));
        gate.Open(100);
        await running;
        Assert.Equal(2, (await waiting).Count);
    }

    [Fact]
    public async Task A_cancelled_request_leaves_at_once_and_its_place_goes_to_the_next()
    {
        var gate = new GatedModule(TinyModels.Gpt2());
        await using var service = new CompletionService(Policy(s_options with { StopTokens = [], RowsPerBatch = 1 }, gate));
        using var cancel = new CancellationTokenSource();
        Task<Completion> first = service.CompleteAsync(new CompletionRequest("1"), cancel.Token),
            second = service.CompleteAsync(new CompletionRequest("2") { MaxNewTokens = 1 });
        await gate.ArrivalAsync(); // of the probe
        await gate.ArrivalAsync(); // of the prompt

        await cancel.CancelAsync();

        Assert.Equal(cancel.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first)).CancellationToken);
        gate.Open(3); // the step that was under way, which reads a prompt and draws one more token, and the prompt of the next request
        await second;
        Assert.Equal((1, 1), (service.Statistics.Finished, service.Statistics.Cancelled));
    }

    [Fact]
    public async Task Stopping_while_busy_ends_all_requests_after_the_pass_that_is_under_way_and_refuses_more()
    {
        var gate = new GatedModule(TinyModels.Gpt2());
        var service = new CompletionService(Policy(s_options with { StopTokens = [] }, gate));
        Task<Completion>[] asked =
        [
            .. Enumerable.Range(0, 200).Select(i => service.CompleteAsync(new CompletionRequest(s_prompts[i % 6]))),
        ];
        await gate.ArrivalAsync(); // of the probe
        await gate.ArrivalAsync(); // of a prompt
        Assert.Equal((200, false), (service.Statistics.Waiting + service.Statistics.Running, service.IsStopped));

        ValueTask disposed = service.DisposeAsync(); // ends all requests while the pass is under way, and waits for it
        foreach (Task<Completion> one in asked)
            await Assert.ThrowsAsync<ObjectDisposedException>(() => one);
        Assert.False(disposed.IsCompleted);
        gate.Open(2); // the step that was under way: prompts, and one more token
        await disposed;

        Assert.Equal((true, null, 200), (service.IsStopped, service.Fault, service.Statistics.Failed));
        Assert.Equal((0, 0), (service.Statistics.Waiting, service.Statistics.Running));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => service.CompleteAsync(new CompletionRequest("1")));
        service.Dispose(); // once more does nothing
    }

    [Fact]
    public async Task Stopping_kindly_lets_those_that_are_there_end()
    {
        var service = new CompletionService(Policy());
        Task<Completion>[] asked = [.. Enumerable.Range(0, 30).Select(i => service.CompleteAsync(new CompletionRequest(s_prompts[i % 6])))];

        Task stopped = service.StopAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => service.CompleteAsync(new CompletionRequest("1")));
        await stopped;
        await Task.WhenAll(asked);
        Assert.Equal(30, service.Statistics.Finished);
    }

    [Fact]
    public async Task A_model_that_fails_fails_the_requests_and_not_the_service()
    {
        CausalLmPolicy policy = Policy(s_options, new PlainModule(TinyModels.Gpt2()));
        await using var service = new CompletionService(policy);
        policy.Model.Module.train();

        Exception error = await Assert.ThrowsAnyAsync<InvalidOperationException>(() => service.CompleteAsync(new CompletionRequest("1")));

        Assert.IsType<TrainingModeException>(error);
        policy.Model.Module.eval();
        await service.CompleteAsync(new CompletionRequest("1"));
        Assert.Equal((1, 1), (service.Statistics.Finished, service.Statistics.Failed));
    }

    /// <summary>What gives back keys and values fails, which belongs to no request.</summary>
    [Fact]
    public async Task An_error_of_the_decode_itself_is_the_fault_of_the_service_and_logged_once()
    {
        var lines = new System.Collections.Concurrent.ConcurrentQueue<LogLine>();
        using var inner = TinyModels.Gpt2();
        await using var service = new CompletionService(
            Policy(s_options with { StopTokens = [] }, new BrokenDecoder(inner)),
            new CompletionServiceOptions { Logger = new HeardLog(lines.Enqueue) }
        );
        Assert.Null(service.Fault);

        await Assert.ThrowsAnyAsync<Exception>(() => service.CompleteAsync(new CompletionRequest("1 2")));
        await service.StopAsync();

        Assert.IsType<TimeoutException>(service.Fault);
        Assert.True(service.IsStopped);
        Assert.Same(
            service.Fault,
            (await Assert.ThrowsAsync<InvalidOperationException>(() => service.CompleteAsync(new CompletionRequest("1")))).InnerException
        );
        LogLine line = Assert.Single(lines);
        Assert.Equal((LogLevel.Error, "ServiceFailed", service.Fault), (line.Level, line.Event.Name, line.Error));
    }

    [Fact]
    public async Task A_context_that_nobody_knows_is_warned_of_through_the_logger_of_the_policy()
    {
        var lines = new List<LogLine>();
        var plain = new PlainModule(TinyModels.Gpt2());
        await using (new CompletionService(Policy(s_options with { Logger = new HeardLog(lines.Add), ContextLength = 32 }, plain)))
            Assert.Empty(lines);
        await using (new CompletionService(Policy(s_options with { Logger = new HeardLog(lines.Add) }, plain)))
            Assert.Equal((LogLevel.Warning, "UnknownContextLength"), (Assert.Single(lines).Level, lines[0].Event.Name));
    }

    [Fact]
    public async Task A_served_draw_is_a_span_under_that_of_its_asker_and_counts_its_tokens()
    {
        await using var service = new CompletionService(Policy());
        using var heard = new Heard();
        using Activity mine = new Activity("mine").Start();

        Completion drawn = await service.CompleteAsync(new CompletionRequest("1 2") { Seed = 3, Temperature = 0.5 });
        Completion cut = await service.CompleteAsync(
            new CompletionRequest("1 2")
            {
                Seed = 3,
                Temperature = 0.5,
                StopSequences = [$" {drawn.Tokens[0]}"],
            }
        );
        Assert.Same(mine, Activity.Current);
        await service.StopAsync(); // with which all have left

        Activity[] spans = [.. heard.Spans.Where(span => span.ParentSpanId == mine.SpanId)];
        Assert.Equal(["draw", "draw"], spans.Select(span => span.OperationName));
        Assert.All(
            spans,
            span =>
                Assert.Equal(
                    (3L, 0.5, "Serving", 1),
                    (
                        span.GetTagItem("gen_ai.request.seed"),
                        span.GetTagItem("gen_ai.request.temperature"),
                        span.GetTagItem("variationalbon.purpose"),
                        span.GetTagItem("variationalbon.prompts")
                    )
                )
        );
        Assert.Equal(drawn.Tokens.Length, (long)spans[0].GetTagItem("gen_ai.usage.output_tokens")!);
        Assert.InRange((long)spans[1].GetTagItem("gen_ai.usage.output_tokens")!, cut.Tokens.Length, drawn.Tokens.Length);
        Assert.Equal(2, heard.Sum("variationalbon.completions"));
        Assert.Equal(spans.Sum(span => (long)span.GetTagItem("gen_ai.usage.output_tokens")!), heard.Sum("variationalbon.tokens"));
    }

    [Fact]
    public async Task More_requests_than_may_wait_are_a_fault_of_the_call_and_free_places_count()
    {
        await using var service = new CompletionService(Policy(), new CompletionServiceOptions { MaxWaiting = 4 });

        Assert.Contains(
            "5 requests are asked at once, and 4 may wait",
            (
                await Assert.ThrowsAsync<ArgumentException>(() =>
                    service.CompleteAllAsync([.. Enumerable.Repeat(new CompletionRequest("1"), 5)])
                )
            ).Message,
            StringComparison.Ordinal
        );
        Task<IReadOnlyList<Completion>>[] both =
        [
            .. Enumerable.Range(0, 2).Select(_ => service.CompleteAllAsync([.. Enumerable.Repeat(new CompletionRequest("1"), 4)])),
        ]; // four places, and four that wait
        await Task.WhenAll(both);
    }

    [Fact]
    public void Faulty_options_are_named_in_one_message()
    {
        string message = Assert
            .Throws<ArgumentException>(() =>
                new CompletionService(Policy(), new CompletionServiceOptions { MaxWaiting = 0, MaxBatchSize = -1 })
            )
            .Message;

        Assert.Contains("MaxWaiting is 0", message, StringComparison.Ordinal);
        Assert.Contains("MaxBatchSize is -1", message, StringComparison.Ordinal);
    }

    private static CausalLmPolicy Policy(GenerationOptions? options = null, nn.Module<Tensor, Tensor>? module = null) =>
        new(module ?? TinyModels.Gpt2(), new NumberTokenizer(TinyModels.Vocabulary), options ?? s_options);

    private static async Task<string> Rest(IAsyncEnumerator<string> pieces)
    {
        string rest = "";
        while (await pieces.MoveNextAsync())
            rest += pieces.Current;
        return rest;
    }

    /// <summary>A decoder whose decodings fail when they are given back.</summary>
    private sealed class BrokenDecoder : nn.Module<Tensor, Tensor>, ICachedDecoder
    {
        private readonly Gpt2 inner;

        internal BrokenDecoder(Gpt2 inner)
            : base(nameof(BrokenDecoder))
        {
            this.inner = inner;
            RegisterComponents();
            eval();
        }

        public int VocabularySize => inner.VocabularySize;

        public int MaxLength => inner.MaxLength;

        public override Tensor forward(Tensor input) => inner.call(input);

        public Tensor LogitsAt(Tensor tokens, Tensor positions) => inner.LogitsAt(tokens, positions);

        public IDecoding StartDecoding(Tensor tokens, ReadOnlySpan<int> lengths, int additionalTokens, out Tensor logits) =>
            new Broken(inner.StartDecoding(tokens, lengths, additionalTokens, out logits));

        private sealed class Broken(IDecoding decoding) : IDecoding
        {
            public IDecoding CopyRows(ReadOnlySpan<int> rows) => decoding.CopyRows(rows);

            public void AddRows(IDecoding other, ReadOnlySpan<int> rows) => decoding.AddRows(other, rows);

            public void SelectRows(ReadOnlySpan<int> rows) => decoding.SelectRows(rows);

            public Tensor Append(Tensor tokens) => decoding.Append(tokens);

            public void Dispose()
            {
                decoding.Dispose();
                throw new TimeoutException("what it holds cannot be given back");
            }
        }
    }
}
