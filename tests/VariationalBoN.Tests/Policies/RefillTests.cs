using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Policies;

/// <summary>Units: what is drawn together, and that it is the same whatever is drawn beside it.</summary>
[Trait("Tier", "torch")]
public sealed class RefillTests
{
    private const int Rows = 4;
    private static readonly Prompt[] s_prompts = ["1 2 3", "0 4", "2 2", "4 3 2 1", "3 3", "1 1 0"];
    private static readonly GenerationOptions s_options = new()
    {
        MaxNewTokens = 12,
        StopTokens = [5],
        RowsPerBatch = Rows,
    };

    [Theory]
    [InlineData(null, true)]
    [InlineData(7, true)]
    [InlineData(4, true)]
    [InlineData(1, false)]
    [InlineData(60, false)]
    public void Units_do_not_change_completions(int? rowsPerUnit, bool useCache)
    {
        string[] expected = Texts(Policy(s_options with { RowsPerBatch = 1000 }).Sample(s_prompts, 10, seed: 3));
        Assert.True(expected.Select(tokens => tokens.Length).Distinct().Count() > 4);

        Assert.Equal(
            expected,
            Texts(Policy(s_options with { RowsPerUnit = rowsPerUnit, UseCache = useCache }).Sample(s_prompts, 10, seed: 3))
        );
    }

    [Fact]
    public void Every_step_is_full_while_a_row_waits_and_every_prompt_is_read_once()
    {
        var decoder = new CountingDecoder(TinyModels.Gpt2());
        Policy(s_options with { RowsPerUnit = 60 }, decoder).Sample(s_prompts, 10, seed: 4);

        int[] steps = [.. decoder.Steps];
        int last = Array.FindLastIndex(steps, rows => rows == Rows);
        Assert.True(steps.Length > 60);
        Assert.All(steps.Take(last), rows => Assert.Equal(Rows, rows));
        Assert.InRange(steps.Length - last, 1, s_options.MaxNewTokens); // no longer than the longest row that was left
        Assert.Equal(s_prompts.Length, decoder.Read);
    }

    [Fact]
    public void A_unit_is_the_same_bit_by_bit_alone_and_among_others()
    {
        GenerationOptions options = s_options with { RowsPerUnit = 20 }; // two prompts of ten samples
        string[] alone = [.. s_prompts.Chunk(2).SelectMany(unit => Logged(options, unit, 10, 1))];

        Assert.Equal(alone, Logged(options, s_prompts, 10, 1));
    }

    [Fact]
    public void Ranges_of_samples_are_cut_at_multiples_that_do_not_depend_on_where_a_call_begins()
    {
        GenerationOptions options = s_options with { RowsPerUnit = 8 };
        string[] all = Logged(options, s_prompts[..1], 24, 1);

        Assert.Equal(
            all,
            (string[])
                [.. Logged(options, s_prompts[..1], 16, 1), .. Logged(options, s_prompts[..1], 8, new DrawSeed(1) { FirstSample = 16 })]
        );
        string[] whole = Logged(options, s_prompts[..1], 16, new DrawSeed(1) { FirstSample = 8 });
        // 4 to 7, then 8 to 15, 16 to 23
        Assert.Equal(whole, Logged(options, s_prompts[..1], 20, new DrawSeed(1) { FirstSample = 4 }).TakeLast(whole.Length));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Completions_are_handed_on_as_they_end(int degreeOfParallelism)
    {
        CausalLmPolicy policy = Policy(s_options with { RowsPerUnit = 20, DegreeOfParallelism = degreeOfParallelism });
        var handed = new List<(int Place, Completion Completion)>();
        policy.SampleEach(s_prompts, 10, seed: 5, (place, completion) => handed.Add((place, completion)));

        Assert.Equal(
            Texts(policy.Sample(s_prompts, 10, seed: 5)),
            Texts([.. handed.OrderBy(one => one.Place).Select(one => one.Completion)])
        );
        Assert.Equal(Enumerable.Range(0, 60), handed.Select(one => one.Place).Order());
        Assert.NotEqual(handed.Select(one => one.Place).Order(), handed.Select(one => one.Place)); // short ones first
    }

    [Fact]
    public void What_was_handed_on_before_a_call_is_cancelled_or_fails_is_what_it_would_have_been()
    {
        CausalLmPolicy policy = Policy(s_options);
        string[] expected = Texts(policy.Sample(s_prompts, 10, seed: 6));
        using var cancel = new CancellationTokenSource();
        var handed = new Dictionary<int, Completion>();

        Assert.Throws<OperationCanceledException>(() =>
            policy.SampleEach(
                s_prompts,
                10,
                seed: 6,
                (place, completion) =>
                {
                    handed.Add(place, completion);
                    if (handed.Count == 25)
                        cancel.Cancel();
                },
                cancel.Token
            )
        );
        Assert.InRange(handed.Count, 25, 25 + Rows);
        Assert.Equal(handed.Keys.Select(place => expected[place]), Texts([.. handed.Values]));
        Assert.Throws<TimeoutException>(() => policy.SampleEach(s_prompts, 10, seed: 6, (_, _) => throw new TimeoutException()));
        Assert.Equal(expected, Texts(policy.Sample(s_prompts, 10, seed: 6)));
    }

    [Fact]
    public void A_callback_that_throws_is_not_called_again_and_stops_other_threads()
    {
        const int PerUnit = 1000; // rows, which need more than 1,000 steps
        var decoder = new CountingDecoder(TinyModels.Gpt2());
        CausalLmPolicy policy = Policy(s_options with { StopTokens = [], RowsPerUnit = PerUnit, DegreeOfParallelism = 2 }, decoder);
        int called = 0;

        Assert.Throws<TimeoutException>(() =>
            policy.SampleEach(
                s_prompts,
                PerUnit,
                seed: 7,
                (_, _) =>
                {
                    called++;
                    throw new TimeoutException();
                }
            )
        );

        Assert.Equal(1, called);
        Assert.InRange(decoder.Passes, 1, PerUnit);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Cancelling_throws_with_the_token_of_the_caller(int degreeOfParallelism)
    {
        CausalLmPolicy policy = Policy(s_options with { RowsPerUnit = 20, DegreeOfParallelism = degreeOfParallelism });
        using var cancel = new CancellationTokenSource();

        var thrown = Assert.Throws<OperationCanceledException>(() =>
            policy.SampleEach(s_prompts, 10, seed: 6, (_, _) => cancel.Cancel(), cancel.Token)
        );

        Assert.Equal(cancel.Token, thrown.CancellationToken);
    }

    /// <summary>Frequencies of all completions of up to three tokens, in a unit whose places are refilled a thousand times: chi squared at
    /// most six standard deviations above its mean, seed 8.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Frequencies_of_refilled_rows_are_the_probabilities_of_the_policy(bool useCache)
    {
        const int Draws = 4000;
        CausalLmPolicy policy = Policy(
            new GenerationOptions
            {
                MaxNewTokens = 3,
                StopTokens = [5, 1],
                RowsPerBatch = 16,
                RowsPerUnit = Draws,
                UseCache = useCache,
            }
        );
        IReadOnlyList<Completion> drawn = policy.Sample(["1 2"], Draws, seed: 8);
        Completion[] kinds = [.. drawn.DistinctBy(Text)];
        double[] expected = [.. policy.LogProbValues(kinds).Select(value => Draws * Math.Exp(value))];
        Dictionary<string, int> counts = drawn.CountBy(Text).ToDictionary();
        double chi = 0,
            restExpected = Draws,
            restSeen = Draws;
        int cells = 0;
        for (int i = 0; i < kinds.Length; i++)
        {
            if (expected[i] < 5)
                continue;
            chi += Math.Pow(counts[Text(kinds[i])] - expected[i], 2) / expected[i];
            (restExpected, restSeen, cells) = (restExpected - expected[i], restSeen - counts[Text(kinds[i])], cells + 1);
        }

        Assert.True(cells > 10);
        Assert.InRange(restSeen, restExpected - (6 * Math.Sqrt(restExpected + 1)), restExpected + (6 * Math.Sqrt(restExpected + 1)));
        Assert.InRange(chi, 0, cells + (6 * Math.Sqrt(2 * cells)));
    }

    private static string Text(Completion completion) => string.Join(' ', completion.Tokens);

    private static string[] Texts(IReadOnlyList<Completion> completions) => [.. completions.Select(Text)];

    private static CausalLmPolicy Policy(GenerationOptions options, nn.Module<Tensor, Tensor>? module = null) =>
        new(module ?? TinyModels.Gpt2(), new NumberTokenizer(TinyModels.Vocabulary), options);

    /// <summary>What the module was given in each pass, with the bits of what it answered.</summary>
    private static string[] Logged(GenerationOptions options, Prompt[] prompts, int samples, DrawSeed seed)
    {
        var passes = new Passes(TinyModels.Gpt2());
        CausalLmPolicy policy = Policy(options, passes);
        passes.Seen.Clear(); // of the probe when a policy is made
        policy.Sample(prompts, samples, seed);
        return [.. passes.Seen];
    }

    private sealed class Passes : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> inner;

        internal Passes(nn.Module<Tensor, Tensor> inner)
            : base(nameof(Passes))
        {
            this.inner = inner;
            RegisterComponents();
            eval();
        }

        internal List<string> Seen { get; } = [];

        public override Tensor forward(Tensor input)
        {
            Tensor output = inner.call(input);
            Seen.Add($"{input.size(0)}: {string.Join(' ', input.data<long>().ToArray())}: {Convert.ToHexString(output.detach().bytes)}");
            return output;
        }
    }

    /// <summary>Counts the prompts that are read and the rows of each step.</summary>
    private sealed class CountingDecoder : nn.Module<Tensor, Tensor>, ICachedDecoder
    {
        private readonly Gpt2 inner;
        private int _passes;

        internal CountingDecoder(Gpt2 inner)
            : base(nameof(CountingDecoder))
        {
            this.inner = inner;
            RegisterComponents();
            eval();
        }

        public int VocabularySize => inner.VocabularySize;

        public int MaxLength => inner.MaxLength;

        internal int Read { get; private set; }

        internal List<int> Steps { get; } = [];

        /// <summary>The number of steps, on whatever threads.</summary>
        internal int Passes => _passes;

        private void Step(Tensor tokens)
        {
            Interlocked.Increment(ref _passes);
            lock (Steps)
                Steps.Add((int)tokens.size(0));
        }

        public override Tensor forward(Tensor input) => inner.call(input);

        public Tensor LogitsAt(Tensor tokens, Tensor positions) => inner.LogitsAt(tokens, positions);

        public IDecoding StartDecoding(Tensor tokens, ReadOnlySpan<int> lengths, int additionalTokens, out Tensor logits)
        {
            Read += lengths.Length;
            return new Decoding(inner.StartDecoding(tokens, lengths, additionalTokens, out logits), Step);
        }

        private sealed class Decoding(IDecoding inner, Action<Tensor> step) : IDecoding
        {
            public Tensor Append(Tensor tokens)
            {
                step(tokens);
                return inner.Append(tokens);
            }

            public void SelectRows(ReadOnlySpan<int> rows) => inner.SelectRows(rows);

            public IDecoding CopyRows(ReadOnlySpan<int> rows) => new Decoding(inner.CopyRows(rows), step);

            public void AddRows(IDecoding from, ReadOnlySpan<int> rows) => inner.AddRows(((Decoding)from).Inner, rows);

            public void Dispose() => inner.Dispose();

            private IDecoding Inner => inner;
        }
    }
}
