using static TorchSharp.torch;

namespace VariationalBoN.Guidance;

/// <summary>P tokens of b completions, row after row without padding, and where they stand among b rows of one length: most of what a value
/// network computes needs no padding, sums along rows do. Owns nothing; its tensors belong to the scope that it was made in.</summary>
internal sealed class PackedRows
{
    private readonly Tensor _padded, // of each place among b * T the token, padding reads the first
        _packed, // of each token its place
        _last; // the last token of each row
    private readonly int _rows;

    public PackedRows(IReadOnlyList<Completion> completions, Device device)
    {
        (_rows, Length) = (completions.Count, completions.Max(completion => completion.Tokens.Length));
        int total = completions.Sum(completion => completion.Tokens.Length);
        long[] padded = new long[_rows * Length],
            packed = new long[total],
            tokens = new long[total],
            previous = new long[total],
            last = new long[_rows];
        int[] row = new int[total];
        for (int i = 0, next = 0; i < _rows; i++)
        {
            Completion completion = completions[i];
            int count = completion.Tokens.Length;
            for (int t = 0; t < count; t++, next++)
            {
                (padded[(i * Length) + t], packed[next], row[next]) = (next, (i * Length) + t, i);
                (tokens[next], previous[next]) = (completion.Tokens[t], t == 0 ? completion.PromptTokens[^1] : completion.Tokens[t - 1]);
            }

            last[i] = next - 1;
        }

        (_padded, _packed, _last) = (tensor(padded, device: device), tensor(packed, device: device), tensor(last, device: device));
        (Tokens, Previous) = (tensor(tokens, device: device), tensor(previous, device: device));
        Row = row;
    }

    /// <summary>T, the tokens of the longest row.</summary>
    public int Length { get; }

    /// <summary>The tokens, [P].</summary>
    public Tensor Tokens { get; }

    /// <summary>Before each token the one that it follows, of the first the last of the prompt, [P].</summary>
    public Tensor Previous { get; }

    /// <summary>The row of each token, P of them.</summary>
    public int[] Row { get; }

    /// <summary>Whether a token is the last of its row.</summary>
    public bool IsLast(int place) => place == Row.Length - 1 || Row[place + 1] != Row[place];

    /// <summary>[P, X] as [b, T, X]; padding is any number, but as finite as the first token's.</summary>
    public Tensor Pad(Tensor packed) => packed.index_select(0, _padded).view(_rows, Length, -1);

    /// <summary>[b, T, X] as [P, X].</summary>
    public Tensor Pack(Tensor padded) => padded.reshape(_rows * Length, -1).index_select(0, _packed);

    /// <summary>What stands at the last token of each row, [b, X] of [P, X].</summary>
    public Tensor Last(Tensor packed) => packed.index_select(0, _last);
}
