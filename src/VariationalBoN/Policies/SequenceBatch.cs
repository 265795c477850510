using static TorchSharp.torch;

namespace VariationalBoN.Policies;

/// <summary>Completions behind their prompts as right-padded tensors; what counts is told by lengths, never by token ids.</summary>
internal sealed class SequenceBatch
{
    internal SequenceBatch(IReadOnlyList<Completion> completions, Device device)
    {
        int width = completions.Max(c => c.PromptTokens.Length + c.Tokens.Length) - 1; // the last token is predicted, never read
        int count = completions.Sum(c => c.Tokens.Length);
        long[] tokens = new long[completions.Count * width],
            positions = new long[count],
            targets = new long[count],
            rows = new long[count];
        int next = 0;
        for (int row = 0; row < completions.Count; row++)
        {
            int prompt = completions[row].PromptTokens.Length;
            for (int i = 0; i < prompt; i++)
                tokens[(row * width) + i] = completions[row].PromptTokens[i];
            for (int i = 0; i < completions[row].Tokens.Length; i++, next++)
            {
                int column = prompt + i;
                if (i + 1 < completions[row].Tokens.Length)
                    tokens[(row * width) + column] = completions[row].Tokens[i];
                targets[next] = completions[row].Tokens[i];
                positions[next] = (row * (long)width) + column - 1;
                rows[next] = row;
            }
        }

        Count = completions.Count;
        Tokens = tensor(tokens, [Count, width], device: device);
        Positions = tensor(positions, device: device);
        Targets = tensor(targets, device: device);
        Rows = tensor(rows, device: device);
    }

    /// <summary>B.</summary>
    internal int Count { get; }

    /// <summary>[B, T], int64.</summary>
    internal Tensor Tokens { get; }

    /// <summary>[N], for each drawn token the position b * T + t whose logits predict it.</summary>
    internal Tensor Positions { get; }

    /// <summary>[N], the drawn tokens, completion by completion.</summary>
    internal Tensor Targets { get; }

    /// <summary>[N], the completion of each drawn token.</summary>
    internal Tensor Rows { get; }

    /// <summary>Sums values [N] of drawn tokens to float64 values [B] of completions.</summary>
    internal Tensor SumByRow(Tensor values)
    {
        using TorchSharp.Scalar one = 1; // held until the call returns: a collection may not free it meanwhile
        return zeros(Count, ScalarType.Float64, Rows.device).index_add(0, Rows, values.to(ScalarType.Float64), one);
    }
}
