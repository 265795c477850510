using TorchSharp;

namespace VariationalBoN.Policies;

/// <summary>The state of a decode: rows of tokens that grow by one token a step, with the model's keys and values.</summary>
/// <remarks>Holds tensors between calls and must be disposed. Not thread-safe; used without gradients.</remarks>
public interface IDecoding : IDisposable
{
    /// <summary>Appends one token to each row.</summary>
    /// <param name="tokens">Int64 [rows] on the model's device.</param>
    /// <returns>The logits of the next token, a fresh tensor [rows, V], the caller's to dispose.</returns>
    torch.Tensor Append(torch.Tensor tokens);

    /// <summary>Rearranges the rows: row i becomes a copy of what row <paramref name="rows"/>[i] was.
    /// Shares a prompt among samples and drops finished rows.</summary>
    /// <param name="rows">Indices of present rows, in any order, repeated or left out;
    /// none leaves a decoding that waits for <see cref="AddRows"/>.</param>
    void SelectRows(ReadOnlySpan<int> rows);

    /// <summary>A second decoding whose rows are copies of rows of this one:
    /// begins with prompts that are read once and drawn from again.</summary>
    /// <param name="rows">Indices of present rows, in any order, repeated or left out.</param>
    /// <returns>The copy, the caller's to dispose; neither changes with the other.</returns>
    IDecoding CopyRows(ReadOnlySpan<int> rows);

    /// <summary>
    /// Puts copies of rows of another decoding of the same model behind the present ones, whatever their lengths.
    /// Replaces finished rows by waiting ones.
    /// </summary>
    /// <param name="from">The other decoding; it stays as it is.</param>
    /// <param name="rows">Indices of its rows, in any order, repeated or left out.</param>
    /// <exception cref="ArgumentException">It is no decoding of this model.</exception>
    void AddRows(IDecoding from, ReadOnlySpan<int> rows);
}
