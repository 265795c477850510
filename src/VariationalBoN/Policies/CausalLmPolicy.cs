using TorchSharp.Modules;
using VariationalBoN.Internal;
using VariationalBoN.Policies;
using static TorchSharp.torch;

namespace VariationalBoN;

/// <summary>
/// The policy of a causal language model: pi(y | x) = product over the drawn tokens of softmax(logits / temperature), truncated by top-k
/// and top-p when asked, until a stop token is drawn or the maximum length is reached.
/// </summary>
/// <remarks>
/// Works with any module from int64 tokens [B, T] to logits [B, T, V] in which a position does not see later ones; sequences are padded on
/// the right, so neither masks nor positions are asked of the module. Modules that implement <see cref="ICachedDecoder"/> are decoded
/// through their cache. Everything runs on the device of the module's parameters; the module is neither changed nor disposed.
/// Thread-safe as long as no thread changes the module's parameters or mode.
/// </remarks>
public sealed partial class CausalLmPolicy : ITokenPolicy, INextTokenPolicy, IPromptReader, IStepwiseKl
{
    private readonly CausalModel _model;
    private readonly ITokenizer _tokenizer;
    private readonly NextTokenDistribution _distribution;
    private readonly int? _contextLength;
    private readonly PromptEncoder _prompts;

    /// <summary>Creates the policy of a module.</summary>
    /// <param name="model">The module, in evaluation mode when the policy is used.</param>
    /// <param name="tokenizer">The tokenizer of the model.</param>
    /// <param name="options">How completions are drawn; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is faulty, or the tokenizer's vocabulary is not the module's;
    /// the message names every fault.</exception>
    public CausalLmPolicy(nn.Module<Tensor, Tensor> model, ITokenizer tokenizer, GenerationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        Options = options ?? new GenerationOptions();
        Options.Validate(tokenizer.VocabularySize);
        _model = new CausalModel(model, tokenizer.VocabularySize);
        _tokenizer = tokenizer;
        _distribution = new NextTokenDistribution(Options, tokenizer.VocabularySize);
        _contextLength =
            Options.ContextLength is int own && _model.MaxLength is int most
                ? Math.Min(own, most)
                : Options.ContextLength ?? _model.MaxLength;
        _prompts = new PromptEncoder(tokenizer, Options, _contextLength);
        End = new EndRule(Options, tokenizer.VocabularySize);
    }

    private CausalLmPolicy(CausalLmPolicy other, GenerationOptions options, CausalModel model)
    {
        Options = options;
        Options.Validate(other._tokenizer.VocabularySize);
        (_model, _tokenizer, _contextLength) = (model, other._tokenizer, other._contextLength);
        _distribution = new NextTokenDistribution(Options, _tokenizer.VocabularySize);
        _prompts = new PromptEncoder(_tokenizer, Options, _contextLength, options.Logger == other.Options.Logger ? other._prompts : null);
        bool endsAlike = options.StopTokens == other.Options.StopTokens;
        End = endsAlike ? other.End.With(options.MaxNewTokens) : new EndRule(Options, _tokenizer.VocabularySize);
    }

    /// <summary>How completions are drawn.</summary>
    public GenerationOptions Options { get; }

    /// <summary>The module with its fast paths.</summary>
    internal CausalModel Model => _model;

    /// <summary>What its logits become.</summary>
    internal NextTokenDistribution Distribution => _distribution;

    /// <summary>When its completions end.</summary>
    internal EndRule End { get; }

    /// <summary>V, the number of token ids and of logits.</summary>
    public int VocabularySize => _tokenizer.VocabularySize;

    /// <summary>Whether the module offers fast paths (<see cref="ICachedDecoder"/>).</summary>
    public bool HasDecoder => _model.HasDecoder;

    /// <inheritdoc/>
    /// <remarks>
    /// The options that shape the distribution, the tokenizer, the version of how texts come from tokens,
    /// and parameters and buffers by their SHA-256.
    /// </remarks>
    public ModelIdentity Identity =>
        new(
            nameof(CausalLmPolicy),
            [
                ("module", ModuleFingerprint.Of(_model.Module)),
                ("tokenizer", _tokenizer.Identity),
                ("vocabulary", _tokenizer.VocabularySize),
                ("decoding", CompletionText.Version),
                .. Options.Settings,
            ]
        );

    /// <summary>The parameters that train, for an optimizer: those that require
    /// a gradient, in the order of the module; a shared one once.</summary>
    public IReadOnlyList<Parameter> Parameters => [.. NamedParameters.Select(parameter => parameter.Value)];

    /// <summary>The parameters that train, each with its name in the module, in the order of the module; a shared one once.</summary>
    public IReadOnlyList<(string Name, Parameter Value)> NamedParameters =>
        [
            .. _model
                .Module.named_parameters()
                .Where(pair => pair.parameter.requires_grad)
                .DistinctBy(pair => (object)pair.parameter, ReferenceEqualityComparer.Instance)
                .Select(pair => (pair.name, pair.parameter)),
        ];

    /// <inheritdoc/>
    public bool IsTrainable => _model.Module.parameters().Any(parameter => parameter.requires_grad);

    /// <inheritdoc/>
    public bool HasFullSupport => Options.HasFullSupport(_tokenizer.VocabularySize);

    /// <inheritdoc/>
    /// <remarks>
    /// The result is float64 [B]. A token outside top-k or top-p gives -infinity.
    /// Prompt and drawn tokens are taken as they stand in the completions; nothing is tokenised.
    /// </remarks>
    /// <exception cref="ArgumentException">A completion has no prompt tokens, no tokens,
    /// tokens outside the vocabulary, or is longer than the model's context.</exception>
    /// <exception cref="TrainingModeException">The module is in training mode.</exception>
    /// <exception cref="ArithmeticException">The module returns NaN or infinity: its weights have diverged.</exception>
    public Tensor LogProb(IReadOnlyList<Completion> completions)
    {
        Check(completions);
        using var scope = NewDisposeScope();
        var device = _model.Device;
        if (completions.Count == 0)
            return zeros(0, ScalarType.Float64, device).MoveToOuterDisposeScope();
        var parts = new List<Tensor>();
        int[] order = ByLength(completions);
        foreach (int[] part in order.Chunk(Options.RowsPerBatch))
        {
            using var inner = NewDisposeScope();
            var batch = new SequenceBatch([.. part.Select(i => completions[i])], device);
            var values = TokenLogProbs.Of(_model.LogitsAt(batch.Tokens, batch.Positions), batch.Targets, _distribution); // [N]
            parts.Add(batch.SumByRow(values).MoveToOuterDisposeScope()); // [rows]
        }

        long[] place = new long[order.Length];
        for (int i = 0; i < order.Length; i++)
            place[order[i]] = i;
        var result = cat(parts).index_select(0, tensor(place, device: device)); // [B]
        RequireNumbers(result);
        return result.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    /// <remarks>True for another <see cref="CausalLmPolicy"/> of the same vocabulary and stop tokens.</remarks>
    public bool CanCompareWith(IPolicy reference) =>
        reference is CausalLmPolicy other
        && other._tokenizer.VocabularySize == _tokenizer.VocabularySize
        && Options.StopTokens.ToHashSet().SetEquals(other.Options.StopTokens);

    /// <inheritdoc/>
    /// <remarks>Summed over the vocabulary in double precision.
    /// Infinite where the reference truncates a token that this policy keeps.</remarks>
    public double[] StepwiseKl(IPolicy reference, IReadOnlyList<Completion> completions)
    {
        ArgumentNullException.ThrowIfNull(reference);
        if (reference is not CausalLmPolicy other || !CanCompareWith(reference))
            throw new ArgumentException(
                $"The reference is {reference.GetType().Name}; it must be a CausalLmPolicy with vocabulary {_tokenizer.VocabularySize} "
                    + $"and the same stop tokens.",
                nameof(reference)
            );
        Check(completions);
        other.Check(completions);
        double[] result = new double[completions.Count];
        foreach (int[] part in ByLength(completions).Chunk(Options.RowsPerBatch))
        {
            double[] values = StepwiseDivergence.Sum(
                _model,
                _distribution,
                other._model,
                other._distribution,
                [.. part.Select(i => completions[i])]
            );
            for (int i = 0; i < part.Length; i++)
                result[part[i]] = !double.IsNaN(values[i]) ? values[i] : throw Diverged(part[i]);
        }

        return result;
    }

    /// <summary>A policy of this module and tokenizer under other options,
    /// such as another temperature or another number of rows a batch.</summary>
    /// <param name="options">How completions are drawn; the context length is that of this policy.</param>
    /// <returns>A policy that shares the module.</returns>
    /// <exception cref="ArgumentException">An option is faulty; the message names every fault.</exception>
    public CausalLmPolicy With(GenerationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new(this, options, _model);
    }

    /// <summary>This policy without the fast paths of its module: every token is drawn and scored by a forward pass.
    /// What the fast paths are checked against.</summary>
    /// <returns>A policy that shares the module.</returns>
    public CausalLmPolicy WithoutDecoder() => new(this, Options, _model.WithoutDecoder());

    private void RequireNumbers(Tensor values)
    {
        if (Array.FindIndex(values.Doubles(), double.IsNaN) is >= 0 and int completion)
            throw Diverged(completion);
    }

    private ArithmeticException Diverged(int completion) => _model.NoDistribution($"completion {completion}");

    /// <summary>Refuses completions that this policy cannot have drawn.</summary>
    internal void Check(IReadOnlyList<Completion> completions)
    {
        ArgumentNullException.ThrowIfNull(completions);
        _model.RequireEvaluationMode();
        for (int i = 0; i < completions.Count; i++)
        {
            Completion completion = completions[i] ?? throw new ArgumentException($"Completion {i} is null.", nameof(completions));
            if (completion.PromptTokens.IsDefaultOrEmpty || completion.Tokens.IsDefaultOrEmpty)
                throw new ArgumentException(
                    $"Completion {i} of prompt {Shown.Quoted(completion.Prompt.Canonical)} has no "
                        + $"{(completion.Tokens.IsDefaultOrEmpty ? "tokens" : "prompt tokens")}; a causal policy scores the tokens that "
                        + $"were drawn and never tokenises text again.",
                    nameof(completions)
                );
            PromptEncoder.RequireIds(completion.PromptTokens, VocabularySize, "The prompt of completion", i, nameof(completions));
            PromptEncoder.RequireIds(completion.Tokens, VocabularySize, "Completion", i, nameof(completions));
            int length = completion.PromptTokens.Length + completion.Tokens.Length;
            if (_contextLength is int most && length > most)
                throw new ArgumentException(
                    $"Completion {i} of prompt {Shown.Quoted(completion.Prompt.Canonical)} is {length} tokens long with its prompt; the "
                        + $"context is {most} (ContextLength, or the model's own, such as max_position_embeddings).",
                    nameof(completions)
                );
        }
    }

    /// <summary>The numbers of completions, the shortest first.</summary>
    internal static int[] ByLength(IReadOnlyList<Completion> completions) =>
        [.. Enumerable.Range(0, completions.Count).OrderBy(i => completions[i].PromptTokens.Length + completions[i].Tokens.Length)];
}
