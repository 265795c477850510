using System.Diagnostics;
using TorchSharp;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Policies;

/// <summary>Requests that join and leave a running decode draw what they draw alone.</summary>
[Trait("Tier", "torch")]
public sealed class LiveDecodingTests
{
    private static readonly Prompt[] s_prompts = ["1 2 3", "0 4", "2 2", "4 3 2 1", "3 3", "1 1 0"];
    private static readonly GenerationOptions s_options = new()
    {
        MaxNewTokens = 12,
        StopTokens = [5],
        RowsPerBatch = 4,
    };

    [Theory]
    [InlineData(true, 4)]
    [InlineData(false, 4)]
    [InlineData(true, 64)]
    public void A_seed_gives_the_completion_of_Sample_whoever_joins_and_leaves(bool useCache, int rows)
    {
        CausalLmPolicy policy = Policy(s_options with { UseCache = useCache, RowsPerBatch = rows });
        using LiveDecoding live = policy.StartLiveDecoding();
        var random = new Random(1);
        var asked = new List<Asked>();
        while (asked.Count < 60 || live.Step())
        {
            for (int more = random.Next(3); more > 0 && asked.Count < 60; more--)
            {
                asked.Add(
                    new Asked(
                        policy,
                        s_prompts[random.Next(s_prompts.Length)],
                        new DrawSeed(random.Next(5), DrawPurpose.Serving, random.Next(3))
                    )
                );
                live.Add(asked[^1].Request);
            }

            if (random.Next(3) == 0 && asked.Count >= 6 && asked[^random.Next(1, 7)] is { } leaving && live.Remove(leaving.Request))
                leaving.IsRemoved = true;
            live.Step();
            Assert.InRange(live.Running, 0, rows);
        }

        Assert.Equal(0, live.Running + live.Waiting);
        Assert.InRange(asked.Count(one => one.IsRemoved), 3, 30);
        Assert.All(asked, one => Assert.Equal(one.IsRemoved, one.Finish is null));
        foreach (Asked one in asked)
        {
            Completion alone = policy.Sample([one.Request.Prompt.Prompt], 1, one.Request.Seed)[0];
            Assert.Equal(one.IsRemoved ? alone.Tokens.Take(one.Tokens.Count) : alone.Tokens, one.Tokens);
            Assert.Equal(one.IsRemoved ? null : alone.FinishReason, one.Finish);
        }
    }

    /// <summary>The loop that steps a decode runs on a thread of its own, where nothing is under way.</summary>
    [Fact]
    public void A_request_stands_under_the_span_it_was_made_under_whoever_steps()
    {
        CausalLmPolicy policy = Policy(s_options);
        var spans = new System.Collections.Concurrent.ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name.StartsWith(nameof(VariationalBoN), StringComparison.Ordinal),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        using LiveDecoding live = policy.StartLiveDecoding();
        using var request = new Activity("request").SetIdFormat(ActivityIdFormat.W3C).Start();
        var asked = new Asked(policy, s_prompts[0], 3);
        request.Stop();

        live.Add(asked.Request);
        Run(live);

        Assert.Equal(s_options.RowsPerBatch, live.MaxRunning);
        Assert.Equal(request.Context, asked.Request.Parent);
        Assert.Contains(spans, span => span.ParentSpanId == request.SpanId);
    }

    [Fact]
    public void Requests_with_settings_of_their_own_run_beside_each_other()
    {
        CausalLmPolicy policy = Policy(s_options with { RowsPerBatch = 16 });
        CausalLmPolicy[] policies =
        [
            policy,
            policy.With(policy.Options with { Temperature = 0.5 }),
            policy.With(policy.Options with { TopK = 1 }),
            policy.With(policy.Options with { TopP = 0.7, MaxNewTokens = 3 }),
            policy.With(policy.Options with { StopTokens = [2, 3] }),
        ];
        using LiveDecoding live = policy.StartLiveDecoding();
        Asked[] asked = [.. policies.SelectMany(own => s_prompts.Select(prompt => new Asked(own, prompt, 3)))];

        Array.ForEach(asked, one => live.Add(one.Request));
        Run(live);

        Assert.All(
            asked,
            one => Assert.Equal(one.Request.Policy.Sample([one.Request.Prompt.Prompt], 1, 3)[0].Tokens.AsEnumerable(), one.Tokens)
        );
    }

    /// <summary>Frequencies of all completions of up to three tokens, of requests that join at random beside others of another temperature,
    /// and of which some leave: chi squared at most six standard deviations above its mean, seeds 0 to 3,999.</summary>
    [Fact]
    public void Frequencies_of_requests_that_join_at_random_are_the_probabilities_of_the_policy()
    {
        const int Draws = 4000;
        CausalLmPolicy policy = Policy(
            new GenerationOptions
            {
                MaxNewTokens = 3,
                StopTokens = [5, 1],
                RowsPerBatch = 16,
            }
        );
        CausalLmPolicy other = policy.With(policy.Options with { Temperature = 2 });
        var random = new Random(2);
        using LiveDecoding live = policy.StartLiveDecoding();
        var asked = new List<Asked>();
        var beside = new List<LiveRequest>();
        while (asked.Count < Draws || live.Waiting + live.Running > 0)
        {
            for (int more = random.Next(9); more > 0 && asked.Count < Draws; more--)
            {
                asked.Add(new Asked(policy, "1 2", asked.Count));
                live.Add(asked[^1].Request);
            }

            if (random.Next(2) == 0 && asked.Count < Draws)
                live.Add(Kept(new Asked(other, s_prompts[random.Next(6)], random.Next()).Request));
            if (beside.Count > 0 && random.Next(3) == 0)
                live.Remove(beside[random.Next(beside.Count)]);
            live.Step();
        }

        string[] drawn = [.. asked.Select(one => string.Join(' ', one.Tokens))];
        Completion[] kinds = [.. asked.Select(one => one.Completion).DistinctBy(one => string.Join(' ', one.Tokens))];
        double[] expected = [.. policy.LogProbValues(kinds).Select(value => Draws * Math.Exp(value))];
        Dictionary<string, int> counts = drawn.CountBy(text => text).ToDictionary();
        double chi = 0,
            restExpected = Draws,
            restSeen = Draws;
        int cells = 0;
        for (int i = 0; i < kinds.Length; i++)
        {
            if (expected[i] < 5)
                continue;
            int seen = counts[string.Join(' ', kinds[i].Tokens)];
            chi += Math.Pow(seen - expected[i], 2) / expected[i];
            (restExpected, restSeen, cells) = (restExpected - expected[i], restSeen - seen, cells + 1);
        }

        Assert.True(cells > 10);
        Assert.InRange(restSeen, restExpected - (6 * Math.Sqrt(restExpected + 1)), restExpected + (6 * Math.Sqrt(restExpected + 1)));
        Assert.InRange(chi, 0, cells + (6 * Math.Sqrt(2 * cells)));

        LiveRequest Kept(LiveRequest request)
        {
            beside.Add(request);
            return request;
        }
    }

    [Fact]
    public void Samples_of_one_prompt_that_join_together_read_it_once()
    {
        var counted = new CountedDecoder(TinyModels.Gpt2());
        CausalLmPolicy policy = Policy(s_options with { RowsPerBatch = 16 }, counted);
        using LiveDecoding live = policy.StartLiveDecoding();
        Assert.True(policy.TryEncode("1 2 3", out EncodedPrompt? prompt, out _));

        for (int sample = 0; sample < 8; sample++)
            live.Add(new Asked(policy, prompt, new DrawSeed(1, FirstSample: sample)).Request);
        live.Add(new Asked(policy, "1 2 3", 2).Request); // read by itself, and equal
        live.Add(new Asked(policy, "1 2 4", 2).Request);
        Run(live);

        Assert.Equal(2, counted.Read);
    }

    [Fact]
    public void Long_prompts_join_a_few_at_a_step_so_that_those_that_run_do_not_wait_long()
    {
        using var model = new Gpt2(
            new Gpt2Config
            {
                VocabularySize = 6,
                MaxLength = 1024,
                Width = 8,
                Layers = 1,
                Heads = 1,
            },
            seed: 1
        );
        model.eval();
        CausalLmPolicy policy = Policy(s_options with { StopTokens = [], RowsPerBatch = 16 }, model);
        using LiveDecoding live = policy.StartLiveDecoding();
        for (int i = 0; i < 5; i++)
            live.Add(new Asked(policy, string.Join(' ', Enumerable.Repeat(i, 250)), i).Request);

        live.Step();
        Assert.Equal((2, 3), (live.Running, live.Waiting)); // 500 tokens and not 750
        live.Step();
        Assert.Equal((4, 1), (live.Running, live.Waiting));
    }

    [Fact]
    public void A_fault_of_one_request_ends_that_one_alone()
    {
        CausalLmPolicy policy = Policy(s_options with { RowsPerBatch = 16 }, new FaultyAt(TinyModels.Gpt2(), nanAfter: 4, throwsAt: 3));
        using LiveDecoding live = policy.StartLiveDecoding();
        Asked good = new(policy, "1 2 0", 1),
            nan = new(policy, "1 4", 1),
            thrown = new(policy, "3 1", 1),
            careless = new(policy, "2 2", 1) { Throws = new TimeoutException("mine") };
        var asked = new[] { good, nan, thrown, careless };
        Array.ForEach(asked, one => live.Add(one.Request));
        Run(live);

        Assert.Contains("no distribution", Assert.IsType<ArithmeticException>(nan.Failure).Message, StringComparison.Ordinal);
        Assert.IsType<FormatException>(thrown.Failure);
        Assert.Same(careless.Throws, careless.Failure);
        Assert.Equal(good.Failure is null, good.Finish is not null); // unless it draws a 4 itself
        Assert.NotEmpty(good.Tokens);
        Asked later = new(policy, "1 2 0", 1);
        live.Add(later.Request);
        Run(live);
        Assert.Equal(good.Tokens, later.Tokens);
    }

    [Fact]
    public void Requests_that_the_decode_has_no_room_for_are_refused_by_name()
    {
        CausalLmPolicy policy = Policy(s_options),
            other = Policy(s_options),
            longer = policy.With(policy.Options with { MaxNewTokens = 13 });
        CausalLmPolicy shorter = policy.With(policy.Options with { MaxNewTokens = 2 });
        using LiveDecoding live = policy.StartLiveDecoding();
        Assert.True(shorter.TryEncode(string.Join(' ', Enumerable.Repeat(1, 25)), out EncodedPrompt? longPrompt, out _));

        Assert.Contains(
            "of another model",
            Assert.Throws<ArgumentException>(() => live.Add(new Asked(other, "1", 1).Request)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "up to 13 tokens and the decode has room for 12",
            Assert.Throws<ArgumentException>(() => live.Add(new Asked(longer, "1", 1).Request)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "leaves 7 tokens of the context, and 12 may be drawn",
            Assert.Throws<ArgumentException>(() => live.Add(new Asked(policy, longPrompt, 1).Request)).Message,
            StringComparison.Ordinal
        );
        live.Add(new Asked(shorter, longPrompt, 1).Request);
        live.Dispose();
        Assert.Throws<ObjectDisposedException>(() => live.Step());
        Assert.Throws<ObjectDisposedException>(() => live.Add(new Asked(policy, "1", 1).Request));
    }

    [Fact]
    public void A_decoder_is_asked_for_the_room_of_those_that_join_and_no_more()
    {
        var strict = new CountedDecoder(TinyModels.Gpt2()); // refuses more than its context of 32
        CausalLmPolicy policy = Policy(s_options with { StopTokens = [], RowsPerBatch = 16 }, strict);
        CausalLmPolicy shorter = policy.With(policy.Options with { MaxNewTokens = 2 });
        using LiveDecoding live = policy.StartLiveDecoding();
        Asked[] asked = [new(shorter, string.Join(' ', Enumerable.Repeat(1, 30)), 1), new(policy, "1 2", 1), new(shorter, "3", 1)];

        Array.ForEach(asked, one => live.Add(one.Request));
        Run(live);

        Assert.All(asked, one => Assert.Null(one.Failure));
        Assert.Equal([2, 12, 2], asked.Select(one => one.Tokens.Count));
        Assert.Equal(0, strict.Refused);
    }

    [Fact]
    public void Only_what_says_that_a_prompt_is_wrong_is_a_fault_of_the_prompt()
    {
        CausalLmPolicy Reading(Exception thrown) => new(TinyModels.Gpt2(), new FaultyTokenizer(thrown), s_options);

        Assert.False(Reading(new ArgumentException("half a pair")).TryEncode("1", out _, out string? reason));
        Assert.Contains("half a pair", reason, StringComparison.Ordinal);
        Assert.Throws<IOException>(() => Reading(new IOException("a file is gone")).TryEncode("1", out _, out _));
    }

    [Fact]
    public void An_id_that_cannot_be_decoded_alone_is_no_part_of_a_character()
    {
        CausalLmPolicy policy = new(TinyModels.Gpt2(), new FaultyTokenizer(null), s_options);
        Assert.True(policy.TryEncode("1", out EncodedPrompt? prompt, out _));
        var text = new StreamedText(prompt);

        text.Append(4);

        Assert.Equal("4", text.Take());
    }

    [Fact]
    public void A_prompt_is_checked_with_a_reason_instead_of_an_exception()
    {
        CausalLmPolicy policy = Policy(s_options);

        Assert.True(policy.TryEncode("1 2 3", out EncodedPrompt? encoded, out string? reason));
        Assert.Equal((3, 29, null), (encoded.Tokens.Length, encoded.ContextLeft, reason));
        Assert.Equal(" 4 0", encoded.Decode([4, 0]));
        Assert.False(policy.TryEncode(string.Join(' ', Enumerable.Repeat(1, 21)), out encoded, out reason));
        Assert.Null(encoded);
        Assert.Contains("has 21 tokens; with 12 new tokens in a context of 32 it may have at most 20", reason, StringComparison.Ordinal);
        Assert.False(policy.TryEncode("", out _, out reason));
        Assert.Contains("no tokens", reason, StringComparison.Ordinal);
        Assert.False(policy.TryEncode("one", out _, out reason));
        Assert.Contains("refuses the prompt \"one\"", reason, StringComparison.Ordinal);
        Assert.False(policy.TryEncode(Prompt.Conversation("""[{"role": "user", "content": "1"}]"""), out _, out reason));
        Assert.Contains("is a conversation", reason, StringComparison.Ordinal);
        Assert.Equal((32, false), (policy.ContextLength, policy.ReadsConversations));
        Assert.Contains(
            "outside the vocabulary",
            Assert.Throws<ArgumentException>(() => policy.TryEncode("6", out _, out _)).Message,
            StringComparison.Ordinal
        );
    }

    private static void Run(LiveDecoding live)
    {
        while (live.Step()) { }
    }

    private static CausalLmPolicy Policy(GenerationOptions options, nn.Module<Tensor, Tensor>? module = null) =>
        new(module ?? TinyModels.Gpt2(), new NumberTokenizer(TinyModels.Vocabulary), options);

    /// <summary>A request, and what it was told.</summary>
    private sealed class Asked
    {
        internal Asked(CausalLmPolicy policy, Prompt prompt, DrawSeed seed)
            : this(
                policy,
                policy.TryEncode(prompt, out EncodedPrompt? encoded, out string? reason) ? encoded : throw new ArgumentException(reason),
                seed
            ) { }

        internal Asked(CausalLmPolicy policy, EncodedPrompt prompt, DrawSeed seed) =>
            Request = new LiveRequest
            {
                Policy = policy,
                Prompt = prompt,
                Seed = seed,
                OnToken = (token, finish) =>
                {
                    Assert.Null(Finish);
                    Assert.False(IsRemoved);
                    Tokens.Add(token);
                    Finish = finish;
                    if (Throws is not null)
                        throw Throws;
                },
                OnFailed = why =>
                {
                    Assert.Null(Failure);
                    Failure = why;
                },
            };

        internal LiveRequest Request { get; }

        internal List<int> Tokens { get; } = [];

        internal FinishReason? Finish { get; private set; }

        internal Exception? Failure { get; private set; }

        internal bool IsRemoved { get; set; }

        internal Exception? Throws { get; init; }

        internal Completion Completion =>
            new()
            {
                Prompt = Request.Prompt.Prompt,
                PromptTokens = Request.Prompt.Tokens,
                Tokens = [.. Tokens],
                Text = "",
            };
    }

    /// <summary>NaN in a row whose last token is one, an exception for any batch whose first column has another.</summary>
    private sealed class FaultyAt : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> inner;
        private readonly int _nanAfter,
            _throwsAt;

        internal FaultyAt(nn.Module<Tensor, Tensor> inner, int nanAfter, int throwsAt)
            : base(nameof(FaultyAt))
        {
            (this.inner, _nanAfter, _throwsAt) = (inner, nanAfter, throwsAt);
            RegisterComponents();
            eval();
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            if (input.select(1, 0).data<long>().ToArray().Contains(_throwsAt))
                throw new FormatException("a prompt that the module cannot bear");
            using Scalar nan = double.NaN;
            return inner.call(input).masked_fill(input.eq(tensor((long)_nanAfter)).unsqueeze(-1), nan).MoveToOuterDisposeScope();
        }
    }

    /// <summary>Counts the prompts that are read.</summary>
    private sealed class CountedDecoder : nn.Module<Tensor, Tensor>, ICachedDecoder
    {
        private readonly Gpt2 inner;

        internal CountedDecoder(Gpt2 inner)
            : base(nameof(CountedDecoder))
        {
            this.inner = inner;
            RegisterComponents();
            eval();
        }

        public int VocabularySize => inner.VocabularySize;

        public int MaxLength => inner.MaxLength;

        internal int Read { get; private set; }

        internal int Refused { get; private set; }

        public override Tensor forward(Tensor input) => inner.call(input);

        public Tensor LogitsAt(Tensor tokens, Tensor positions) => inner.LogitsAt(tokens, positions);

        public IDecoding StartDecoding(Tensor tokens, ReadOnlySpan<int> lengths, int additionalTokens, out Tensor logits)
        {
            Read += lengths.Length;
            if (tokens.size(1) + additionalTokens > MaxLength)
            {
                Refused++;
                throw new ArgumentException($"{tokens.size(1)} + {additionalTokens} tokens are more than {MaxLength}.");
            }

            return inner.StartDecoding(tokens, lengths, additionalTokens, out logits);
        }
    }

    /// <summary>Fails to read a prompt, or to decode the end-of-text token alone.</summary>
    private sealed class FaultyTokenizer(Exception? thrown) : ITokenizer
    {
        public ModelIdentity Identity => "faulty";

        public int VocabularySize => TinyModels.Vocabulary;

        public System.Collections.Immutable.ImmutableArray<int> Encode(string text) => thrown is null ? [1] : throw thrown;

        public string Decode(IReadOnlyList<int> tokens) =>
            tokens is [5] ? throw new KeyNotFoundException("5 has no text") : string.Concat(tokens);
    }
}
