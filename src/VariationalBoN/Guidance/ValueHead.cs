using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using TorchSharp;
using VariationalBoN.Numerics;
using VariationalBoN.Policies;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Guidance;

/// <summary>Values learned from the scored samples of a table:
/// no new draws, no fine-tuning, every N and every tilt from one head.</summary>
/// <remarks>
/// It predicts the distribution of F at the end of an answer, in bins that are finer towards 1, from a prefix and from
/// its next token (<see cref="ValueHeadOptions"/>), so that E[w] of any weight is a sum over bins. It reads the hidden
/// states of the frozen reference and running sums over the tokens that it learns itself. Labels are ranks within a
/// prompt: an increasing change of the reward changes nothing, and prompts that it was not trained on play no part. It
/// predicts little where the reward is far from a sum over tokens and pairs, or where the end of an answer decides its
/// reward: measure the guided policy before you use it. It owns its network: dispose of it. Thread-safe.
/// </remarks>
[Experimental(ExperimentalIds.Guidance)]
public sealed class ValueHead : IPrefixValue, IPrefixScan, IDisposable
{
    private readonly ValueNetwork _network;
    private readonly RankBins _bins;
    private readonly LayerStates _states;
    private readonly PrefixNumbers? _numbers;
    private readonly ValueHeadDescription _description;

    private ValueHead(
        ValueNetwork network,
        RankBins bins,
        ValueHeadDescription description,
        IPrefixReward? prefixReward,
        ScoringIdentity? origin
    )
    {
        (_network, _bins, _description, Origin) = (network, bins, description, origin);
        ReferenceLayers = description.ReferenceLayers;
        _states = new LayerStates(description.Hidden, ReferenceLayers.Length);
        if (description.Numbers is { } scale)
            _numbers = new PrefixNumbers(prefixReward!, scale);
        Options = description.Options is { } options ? options with { PrefixReward = prefixReward } : null;
        foreach (var parameter in network.parameters())
            parameter.requires_grad = false;
        Reference = ModelIdentity.Parse(description.Reference);
        (string, IdentityValue)[] settings =
        [
            ("network", ModuleFingerprint.Of(network)),
            ("bins", bins.Count),
            ("power", bins.Power),
            ("samples", Samples),
        ];
        if (!ReferenceLayers.IsEmpty)
            settings = [.. settings, ("reference layers", string.Join(", ", ReferenceLayers))];
        Identity = new ModelIdentity(
            nameof(ValueHead),
            _numbers is null ? settings : [.. settings, ("prefix reward", _numbers.Source.Identity)]
        );
    }

    /// <inheritdoc/>
    public ModelIdentity Identity { get; }

    /// <inheritdoc/>
    public ScoringIdentity? Origin { get; }

    /// <summary>The reference that it was trained on, also where the table does not know where its rewards come from.</summary>
    public ModelIdentity Reference { get; }

    /// <inheritdoc/>
    public bool NeedsHiddenStates => true;

    /// <inheritdoc/>
    public ImmutableArray<int> ReferenceLayers { get; }

    /// <summary>M: the fewest samples of a prompt that it was trained on, and the largest N that it can estimate.</summary>
    public int Samples => _description.Samples;

    /// <summary>What it was trained with; null where its file, of an earlier version, does not say.</summary>
    public ValueHeadOptions? Options { get; }

    /// <summary>Trains a head on the samples of some prompts of a table.</summary>
    /// <param name="reference">The frozen reference that drew the samples;
    /// its module tells its hidden states (<see cref="IHiddenDecoder"/>).</param>
    /// <param name="table">Scored samples with their tokens.</param>
    /// <param name="prompts">At least one prompt: those that are trained on, not those that are measured.</param>
    /// <param name="options">Shape and training; null for the defaults.</param>
    /// <param name="progress">Told the share that is done.</param>
    /// <param name="cancellationToken">Stops between steps.</param>
    /// <returns>The head, the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">There is no prompt, an option is faulty, samples have no tokens, or the reference trains,
    /// truncates or has no hidden states, or not those of the layers.</exception>
    /// <exception cref="InvalidOperationException">The table is of another reference,
    /// or does not know its own; or training diverged.</exception>
    /// <exception cref="KeyNotFoundException">A prompt is not in the table.</exception>
    public static ValueHead Train(
        CausalLmPolicy reference,
        ReferenceTable table,
        IReadOnlyList<Prompt> prompts,
        ValueHeadOptions? options = null,
        IProgress<double>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(prompts);
        options ??= new ValueHeadOptions();
        options.Validate();
        if (prompts.Count == 0)
            throw new ArgumentException("There is no prompt to learn from; give at least one.", nameof(prompts));
        ReferenceOfValues.RequireUsable(reference, hiddenStates: true, options.ReferenceLayers, nameof(reference));
        ScoringIdentity? origin = table.Origin;
        ScoringIdentity.RequireMatch(origin, origin is null ? null : origin with { Reference = reference.Identity }, "the reference");
        int samples = prompts.Min(prompt => table[prompt].Cdf.Count);
        if (samples < 2)
            throw new ArgumentException("A prompt has a single sample, which says nothing of ranks; draw more of it.", nameof(table));
        var bins = new RankBins(options.Bins, options.Power);
        using var learned = new ValueSamples(reference, table, prompts, bins, options, cancellationToken);
        var description = new ValueHeadDescription(
            ValueHeadDescription.Now,
            (int)reference.Model.HiddenDecoder.HeadWeight.size(1),
            reference.VocabularySize,
            options.Bins,
            options.Power,
            options.Width,
            options.Sums,
            samples,
            reference.Identity.ToJson(),
            origin?.RewardModel.ToJson(),
            origin?.Scoring.ToJson(),
            options,
            options.Layers,
            options.Forgetting,
            options.Stages,
            learned.Numbers?.Scale
        );
        ValueNetwork network = description.Network(options);
        try
        {
            network.to(reference.Model.Device);
            ValueTraining.Run(network, learned, bins, options, progress, cancellationToken);
            return new ValueHead(network, bins, description, options.PrefixReward, origin);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Reads a head that <see cref="Save"/> wrote.</summary>
    /// <param name="path">The file.</param>
    /// <param name="scorer">The reference, reward model and way of scoring that the head must be about;
    /// its reference is a <see cref="CausalLmPolicy"/>.</param>
    /// <param name="prefixReward">The numbers of prefixes that the head reads; null for a head that reads none.</param>
    /// <returns>The head, the caller's to dispose, equal to the one that was saved.</returns>
    /// <exception cref="ArgumentException">The reference is no <see cref="CausalLmPolicy"/>, or has no hidden states,
    /// or not those of the layers that the head reads.</exception>
    /// <exception cref="InvalidDataException">The file is no value head, is damaged, or is about another reference, tokenizer, reward
    /// model, scoring or prefix reward; the message names what differs.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ValueHead Load(string path, Scorer scorer, IPrefixReward? prefixReward = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(scorer);
        if (scorer.Reference is not CausalLmPolicy reference)
            throw new ArgumentException(
                $"The reference is {scorer.Reference.GetType().Name}; a value head reads the hidden states of a {nameof(CausalLmPolicy)}.",
                nameof(scorer)
            );
        ReferenceOfValues.RequireUsable(reference, hiddenStates: true, [], nameof(scorer));
        var description = ValueHeadDescription.Read(path);
        ScoringIdentity? origin = description.Origin;
        string[] differences = origin is null
            ? [.. ModelIdentity.Parse(description.Reference).Differences(reference.Identity)]
            : [.. origin.Differences(scorer.Origin, "the value head", "the scorer")];
        if (differences.Length > 0)
            throw new InvalidDataException(
                $"{path}: the value head was trained with something else: {string.Join("; ", differences)}. Use what it was trained with, "
                    + $"or train one anew."
            );
        description.RequireSizes(path, (int)reference.Model.HiddenDecoder.HeadWeight.size(1), reference.VocabularySize);
        ReferenceOfValues.RequireUsable(reference, hiddenStates: true, description.ReferenceLayers, nameof(scorer));
        description.RequireNumbers(path, prefixReward);
        ValueNetwork network = description.Network(new ValueHeadOptions());
        try
        {
            Safetensors.Load(path, network);
            network.to(reference.Model.Device);
            return new ValueHead(network, new RankBins(description.Bins, description.Power), description, prefixReward, origin);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Writes the head as a safetensors file with what it is about in the header; it appears whole or not at all.</summary>
    /// <param name="path">Path of the file; an existing one is replaced.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path) =>
        Safetensors.Save(
            path,
            _network,
            new Dictionary<string, string> { ["format"] = "pt", [ValueHeadDescription.Key] = JsonSerializer.Serialize(_description) }
        );

    /// <inheritdoc/>
    public void Require(RankWeight weight)
    {
        if (weight.N > Samples)
            throw new ArgumentOutOfRangeException(
                nameof(weight),
                weight.N,
                $"The head was trained on {Samples} samples of a prompt, which cannot tell the best of more than {Samples}. Draw more "
                    + $"samples, or take a smaller N."
            );
        double most = CalibratedTilt.ForN(Samples);
        if (weight.C > most)
            throw new ArgumentOutOfRangeException(
                nameof(weight),
                weight.C,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The head was trained on {Samples} samples of a prompt, which cannot tell a tilt above c = {most:0.##}. Draw more "
                        + $"samples, or take a smaller c."
                )
            );
    }

    /// <inheritdoc/>
    public IPrefixWalk Start(IReadOnlyList<Prompt> prompts, IReadOnlyList<IReadOnlyList<int>> promptTokens, RankWeight weight)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(promptTokens);
        Require(weight);
        return new ValueWalk(
            _network,
            _states,
            _numbers,
            prompts,
            promptTokens,
            _description.State,
            _bins.LogWeights(weight),
            _network.parameters().First().device
        );
    }

    /// <inheritdoc/>
    Tensor IPrefixScan.Prefixes(IReadOnlyList<Completion> rows, Tensor hidden, RankWeight weight)
    {
        Require(weight);
        using var scope = NewDisposeScope();
        var read = PrefixNumbers.Beside(_numbers, _states.Of(hidden), () => [.. rows.SelectMany(PrefixNumbers.Prefixes)]);
        return ValueScan.Prefixes(_network, rows, read, _bins.LogWeights(weight)).MoveToOuterDisposeScope();
    }

    /// <summary>Disposes of the network.</summary>
    public void Dispose() => _network.Dispose();
}
