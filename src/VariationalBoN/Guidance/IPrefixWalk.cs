using System.Diagnostics.CodeAnalysis;
using TorchSharp;

namespace VariationalBoN.Guidance;

/// <summary>Rows of unfinished answers that grow token by token, with their values. Not thread-safe.</summary>
/// <remarks>At each position first <see cref="Values"/>, then any <see cref="SelectRows"/>, then <see cref="Append"/>.
/// It may own tensors: dispose of it.</remarks>
[Experimental(ExperimentalIds.Guidance)]
public interface IPrefixWalk : IDisposable
{
    /// <summary>The values at the present ends of the rows.</summary>
    /// <param name="hidden">What the output layer of the reference reads there, [R, C], with <see cref="IPrefixValue.ReferenceLayers"/>
    /// beside it, [R, C (1 + layers)]; null where none is needed. It stays the caller's.</param>
    /// <param name="tokens">Candidates for the next token, int64 [R, k].</param>
    /// <returns>Fresh tensors, the caller's to dispose.</returns>
    PrefixValues Values(torch.Tensor? hidden, torch.Tensor tokens);

    /// <summary>Goes on with some of the rows.</summary>
    /// <param name="rows">For each row from now on the present row that it continues; a row may stand several times.</param>
    void SelectRows(ReadOnlySpan<int> rows);

    /// <summary>Appends one more token to each row.</summary>
    /// <param name="tokens">Int64 [R]. It stays the caller's.</param>
    void Append(torch.Tensor tokens);
}
