using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using TorchSharp;
using TorchSharp.Modules;
using VariationalBoN.Internal;

namespace VariationalBoN.Policies;

/// <summary>A policy that is a table of logits: pi(y | x) = prod_t softmax(logits[x, y_&lt;t])[y_t] over sequences of L tokens.</summary>
/// <remarks>
/// It can represent every distribution with full support, so training reaches the target exactly; use it to study objectives and in tests.
/// Logits are a parameter [P, C, V] in float64: P prompts, V tokens and C = (V^L - 1) / (V - 1) contexts, the context after t tokens at
/// index (V^t - 1) / (V - 1) + base-V(prefix), the first token most significant. The policy owns the parameter: dispose of the policy when
/// done. Reading is thread-safe while nothing changes the logits.
/// </remarks>
public sealed partial class TabularPolicy : ITokenPolicy, INextTokenPolicy, IStepwiseKl, IDisposable
{
    private readonly Dictionary<Prompt, int> _promptIndex;
    private readonly TabularShape _shape;

    /// <summary>Creates a policy whose completions are all equally likely.</summary>
    /// <param name="prompts">P different prompts, at least one.</param>
    /// <param name="vocabularySize">V, at least 1.</param>
    /// <param name="length">L, the number of tokens of every completion, at least 1.</param>
    /// <exception cref="ArgumentException">There is no prompt, or one stands twice.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is below 1, or the table would be too large for an array.</exception>
    /// <exception cref="TorchRuntimeException">Torch's native library cannot be loaded.</exception>
    public TabularPolicy(IReadOnlyList<Prompt> prompts, int vocabularySize, int length)
        : this(prompts, new TabularShape(vocabularySize, length), null, trainable: true) { }

    /// <summary>Creates a policy with given logits.</summary>
    /// <param name="prompts">P different prompts, at least one.</param>
    /// <param name="vocabularySize">V, at least 1.</param>
    /// <param name="length">L, the number of tokens of every completion, at least 1.</param>
    /// <param name="logits">P * C * V finite values in the order [P, C, V], the last index fastest; copied.</param>
    /// <exception cref="ArgumentException">There is no prompt, one stands twice,
    /// or the logits have the wrong count or are not finite.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is below 1, or the table would be too large for an array.</exception>
    /// <exception cref="TorchRuntimeException">Torch's native library cannot be loaded.</exception>
    public TabularPolicy(IReadOnlyList<Prompt> prompts, int vocabularySize, int length, IReadOnlyList<double> logits)
        : this(
            prompts,
            new TabularShape(vocabularySize, length),
            logits ?? throw new ArgumentNullException(nameof(logits)),
            trainable: true
        ) { }

    private TabularPolicy(IReadOnlyList<Prompt> prompts, TabularShape shape, IReadOnlyList<double>? logits, bool trainable)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        if (prompts.Count == 0)
            throw new ArgumentException("There is no prompt; give at least one.", nameof(prompts));
        _shape = shape;
        _promptIndex = new Dictionary<Prompt, int>();
        foreach (Prompt prompt in prompts)
        {
            if (!_promptIndex.TryAdd(prompt, _promptIndex.Count))
                throw new ArgumentException($"The prompt \"{prompt}\" stands twice; each prompt has one table.", nameof(prompts));
        }

        Prompts = [.. prompts];
        long count = (long)prompts.Count * shape.Contexts * shape.Vocabulary;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Array.MaxLength, nameof(prompts));
        double[] values = logits is null ? new double[count] : [.. logits];
        if (values.Length != count)
            throw new ArgumentException(
                $"There are {values.Length} logits; {prompts.Count} prompts x {shape.Contexts} contexts x {shape.Vocabulary} tokens need "
                    + $"{count}.",
                nameof(logits)
            );
        int bad = Array.FindIndex(values, v => !double.IsFinite(v));
        if (bad >= 0)
            throw new ArgumentException($"logits[{bad}] is {values[bad]}; a logit must be a finite number.", nameof(logits));

        TorchRuntime.Require();
        using var scope = torch.NewDisposeScope();
        var table = torch.tensor(values, [prompts.Count, shape.Contexts, shape.Vocabulary], torch.float64); // [P, C, V]
        Logits = new Parameter(table, trainable);
        Logits.DetachFromDisposeScope();
    }

    /// <summary>The prompts x that the policy knows, in the order of the table.</summary>
    public ImmutableArray<Prompt> Prompts { get; }

    /// <summary>V, the number of tokens.</summary>
    public int VocabularySize => _shape.Vocabulary;

    /// <summary>L, the number of tokens of every completion.</summary>
    public int Length => _shape.Length;

    /// <summary>C = (V^L - 1) / (V - 1), the number of contexts.</summary>
    public int Contexts => _shape.Contexts;

    /// <summary>The table, [P, C, V] float64 on the CPU, owned by the policy.</summary>
    public Parameter Logits { get; }

    /// <summary>The parameters for an optimizer: <see cref="Logits"/> alone.</summary>
    public IReadOnlyList<Parameter> Parameters => [Logits];

    /// <summary>The shape of the table and a digest of prompts and logits.</summary>
    public ModelIdentity Identity
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (Prompt prompt in Prompts)
                hash.AppendData(Encoding.UTF8.GetBytes(prompt + "\0"));
            hash.AppendData(MemoryMarshal.AsBytes<double>(LogitValues()));
            return new ModelIdentity(
                nameof(TabularPolicy),
                ("vocabulary", VocabularySize),
                ("length", Length),
                ("prompts", Prompts.Length),
                ("sha256", Convert.ToHexStringLower(hash.GetHashAndReset())[..16])
            );
        }
    }

    /// <inheritdoc/>
    public bool IsTrainable => Logits.requires_grad;

    /// <summary>The logits as plain doubles in the order [P, C, V], the last index fastest.</summary>
    /// <returns>A copy.</returns>
    public double[] LogitValues() => Logits.Doubles();

    /// <summary>A trainable copy with a parameter of its own.</summary>
    /// <returns>A fresh policy, the caller's to dispose.</returns>
    public TabularPolicy Clone() => new(Prompts, _shape, LogitValues(), trainable: true);

    /// <summary>A copy whose parameter requires no gradient: a reference that later training of this policy does not change.</summary>
    /// <returns>A fresh policy, the caller's to dispose.</returns>
    public TabularPolicy CloneFrozen() => new(Prompts, _shape, LogitValues(), trainable: false);

    /// <summary>Disposes of the parameter.</summary>
    public void Dispose() => Logits.Dispose();

    private int PromptIndex(Prompt prompt) =>
        _promptIndex.TryGetValue(prompt, out int index)
            ? index
            : throw new KeyNotFoundException(
                $"The policy has no table for the prompt \"{prompt}\"; it knows {Prompts.Length} prompts, the first is \"{Prompts[0]}\"."
            );

    /// <summary>The index p * C + context of each table row that a completion passes through, in the order of its tokens.</summary>
    private void Rows(Completion completion, Span<int> rows)
    {
        int table = PromptIndex(completion.Prompt) * Contexts,
            prefix = 0;
        if (completion.Tokens.Length != Length)
            throw new ArgumentException(
                $"A completion of prompt \"{completion.Prompt}\" has {completion.Tokens.Length} tokens; every completion of this policy "
                    + $"has {Length}.",
                nameof(completion)
            );
        for (int t = 0; t < Length; t++)
        {
            int token = completion.Tokens[t];
            if (token < 0 || token >= VocabularySize)
                throw new ArgumentException(
                    $"Token {t} of a completion of prompt \"{completion.Prompt}\" is {token}; tokens of this policy are 0 to "
                        + $"{VocabularySize - 1}.",
                    nameof(completion)
                );
            rows[t] = table + _shape.Context(t, prefix);
            prefix = (prefix * VocabularySize) + token;
        }
    }
}
