using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using VariationalBoN.BestOfN;
using VariationalBoN.Guidance;
using VariationalBoN.Numerics;
using VariationalBoN.Testing.Worlds;
using static TorchSharp.torch;

namespace VariationalBoN.Testing.Values;

/// <summary>
/// The exact values of every prefix of an <see cref="EnumerableWorld"/>, by summing over all sequences: to test guided decoding and to
/// measure a learned <see cref="ValueHead"/> against.
/// </summary>
/// <remarks>
/// With bins, w is replaced by its mean over each bin of F, as a head with those bins sees it: where their edges are not the levels of the
/// world, the guided policy keeps a divergence to the target. Any prompt is taken for
/// that of the world. Each <see cref="Start"/> and <see cref="Value"/> costs O(V^L L) time and
/// memory: nothing is kept between calls. Immutable, thread-safe.
/// </remarks>
[Experimental(ExperimentalIds.Guidance)]
public sealed class EnumeratedPrefixValue : IPrefixValue
{
    private readonly EnumerableWorld _world;
    private readonly ImmutableArray<double> _edges;

    /// <summary>Creates the values.</summary>
    /// <param name="world">The world.</param>
    /// <param name="edges">Edges of bins of F, ascending from 0 to 1; none for the weight itself.</param>
    /// <exception cref="ArgumentException">The edges are not ascending from 0 to 1.</exception>
    public EnumeratedPrefixValue(EnumerableWorld world, IReadOnlyList<double>? edges = null)
    {
        ArgumentNullException.ThrowIfNull(world);
        (_world, _edges) = (world, [.. edges ?? []]);
        if (
            !_edges.IsEmpty
            && (
                _edges.Length < 2
                || _edges[0] != 0
                || _edges[^1] != 1
                || _edges.Zip(_edges.Skip(1)).Any(pair => !(pair.First < pair.Second))
            )
        )
            throw new ArgumentException("The edges of the bins must ascend from 0 to 1.", nameof(edges));
    }

    /// <inheritdoc/>
    public ModelIdentity Identity =>
        new(
            nameof(EnumeratedPrefixValue),
            ("vocabulary", _world.VocabularySize),
            ("length", _world.Length),
            (
                "world",
                Convert.ToHexStringLower(
                    SHA256.HashData(MemoryMarshal.AsBytes<double>((double[])[.. _world.LogReference, .. _world.Rewards]))
                )
            ),
            ("edges", string.Join(' ', _edges.Select(edge => edge.ToString("R", CultureInfo.InvariantCulture))))
        );

    /// <inheritdoc/>
    public ScoringIdentity? Origin => null;

    /// <inheritdoc/>
    public bool NeedsHiddenStates => false;

    /// <summary>Accepts every weight: exact values have no limit of N.</summary>
    /// <param name="weight">The weight w.</param>
    public void Require(RankWeight weight) { }

    /// <inheritdoc/>
    public IPrefixWalk Start(IReadOnlyList<Prompt> prompts, IReadOnlyList<IReadOnlyList<int>> promptTokens, RankWeight weight)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        return new Walk(Values(weight), _world.VocabularySize, prompts.Count);
    }

    /// <summary>log E_ref[w | prefix] of a prefix.</summary>
    /// <param name="prefix">Its tokens, at most as many as a sequence has.</param>
    /// <param name="weight">The weight w.</param>
    /// <returns>The value.</returns>
    /// <exception cref="KeyNotFoundException">It is no prefix of this world.</exception>
    public double Value(IReadOnlyList<int> prefix, RankWeight weight)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        return Values(weight)[string.Join(' ', prefix)];
    }

    private Dictionary<string, double> Values(RankWeight weight)
    {
        var terms = new Dictionary<string, (List<double> Weighted, List<double> Mass)>();
        for (int y = 0; y < _world.Sequences; y++)
        {
            ScoredCompletion completion = _world.Completion(y);
            double logWeight = LogWeight(_world.BestOfN.LogCdf(EnumerableWorld.Prompt, completion.Reward), weight);
            for (int t = 0; t <= completion.Completion.Tokens.Length; t++)
            {
                string key = string.Join(' ', completion.Completion.Tokens.Take(t));
                if (!terms.TryGetValue(key, out var sums))
                    terms[key] = sums = ([], []);
                sums.Weighted.Add(completion.LogReference + logWeight);
                sums.Mass.Add(completion.LogReference);
            }
        }

        return terms.ToDictionary(
            pair => pair.Key,
            pair => LogMath.LogSumExp([.. pair.Value.Weighted]) - LogMath.LogSumExp([.. pair.Value.Mass])
        );
    }

    private double LogWeight(LogCdfPair cdf, RankWeight weight)
    {
        if (_edges.IsEmpty)
            return weight.LogAt(cdf);
        double below = Math.Exp(cdf.Below),
            atOrBelow = Math.Exp(cdf.AtOrBelow),
            mean = 0;
        for (int b = 0; b + 1 < _edges.Length; b++)
        {
            double share = Math.Min(_edges[b + 1], atOrBelow) - Math.Max(_edges[b], below);
            if (share > 0)
                mean += share / (atOrBelow - below) * Math.Exp(weight.LogMean(_edges[b], _edges[b + 1]));
        }

        return Math.Log(mean);
    }

    private sealed class Walk(Dictionary<string, double> values, int vocabulary, int rows) : IPrefixWalk
    {
        private string[] _prefixes = [.. Enumerable.Repeat("", rows)];

        public PrefixValues Values(Tensor? hidden, Tensor tokens)
        {
            long[] candidates = tokens.to(ScalarType.Int64).cpu().contiguous().data<long>().ToArray();
            int each = candidates.Length / Math.Max(1, _prefixes.Length);
            double[] of = [.. candidates.Select((token, i) => values[Longer(_prefixes[i / each], token)])];
            return new PrefixValues(
                tensor([.. _prefixes.Select(prefix => values[prefix])], float64, tokens.device),
                tensor(of, [_prefixes.Length, each], float64, tokens.device)
            );
        }

        public void SelectRows(ReadOnlySpan<int> rows)
        {
            string[] kept = new string[rows.Length];
            for (int i = 0; i < kept.Length; i++)
                kept[i] = _prefixes[rows[i]];
            _prefixes = kept;
        }

        public void Append(Tensor tokens)
        {
            using var host = tokens.cpu();
            long[] added = host.data<long>().ToArray();
            for (int i = 0; i < added.Length; i++)
                _prefixes[i] = Longer(_prefixes[i], added[i]);
        }

        public void Dispose() { }

        private string Longer(string prefix, long token) =>
            token < vocabulary
                ? prefix.Length == 0
                    ? $"{token}"
                    : $"{prefix} {token}"
                : throw new KeyNotFoundException($"Token {token} does not belong to this world, whose tokens are 0 to {vocabulary - 1}.");
    }
}
