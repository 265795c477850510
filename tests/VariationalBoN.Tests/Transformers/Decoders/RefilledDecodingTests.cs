using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Decoders;

/// <summary>Rows of any age beside each other, in slots of their own length, against whole sequences.</summary>
[Trait("Tier", "torch")]
[Trait("Kernels", "any")]
public sealed class RefilledDecodingTests
{
    private const int Longest = 110; // over the limits of 32, 64 and 96 tokens

    public static TheoryData<string> Families => [.. TinyDecoders.Configs.Keys];

    [Theory]
    [MemberData(nameof(Families))]
    public void Rows_that_come_leave_move_and_outgrow_their_slots_have_the_logits_of_whole_sequences(string family)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using CausalTransformer model = (TinyDecoders.Configs[family] with { MaxLength = Longest + 1 }).Create(seed: 1);
        model.eval();
        List<List<long>> first = [Tokens(58, 0), Tokens(29, 1), Tokens(93, 2)],
            second = [Tokens(2, 3), Tokens(61, 4)];
        using IDecoding read = Start(model, first),
            waiting = Start(model, second);
        using IDecoding decoding = read.CopyRows([1, 0, 1, 2]);
        List<List<long>> rows =
        [
            [.. first[1]],
            [.. first[0]],
            [.. first[1]],
            [.. first[2]],
        ];
        for (int step = 0; step < 12; step++)
        {
            switch (step)
            {
                case 2: // two places are free, two rows enter, one of them twice as its prompt is
                    decoding.SelectRows([3, 0]);
                    decoding.AddRows(waiting, [1, 0, 1]);
                    rows = [rows[3], rows[0], [.. second[1]], [.. second[0]], [.. second[1]]];
                    break;
                case 5: // a row that has begun goes on twice
                    decoding.SelectRows([4, 2, 2, 0]);
                    rows = [rows[4], rows[2], [.. rows[2]], rows[0]];
                    break;
                case 8: // none is left, then others come
                    decoding.SelectRows([]);
                    decoding.AddRows(read, [2, 1]);
                    rows =
                    [
                        [.. first[2]],
                        [.. first[1]],
                    ];
                    break;
            }

            long[] next = [.. rows.Select((_, row) => (long)((3 * step) + (7 * row) + 1) % TinyDecoders.Vocabulary)];
            for (int row = 0; row < rows.Count; row++)
                rows[row].Add(next[row]);
            Tensor logits = decoding.Append(tensor(next)),
                expected = Whole(model, rows);
            Assert.InRange((expected - logits).abs().max().item<float>(), 0, 2e-6);
        }
    }

    [Fact]
    public void Prompts_that_rows_were_copied_from_can_go_on_by_themselves()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using CausalTransformer model = TinyDecoders.Create("llama");
        List<List<long>> rows = [Tokens(5, 0), Tokens(3, 1)];
        using IDecoding read = Start(model, rows),
            copy = read.CopyRows([0]);
        using (copy.Append(tensor(new long[] { 7 }))) { }

        foreach (List<long> row in rows)
            row.Add(9);
        Assert.InRange((Whole(model, rows) - read.Append(tensor(new long[] { 9, 9 }))).abs().max().item<float>(), 0, 2e-6);
    }

    [Fact]
    public void Rows_of_another_model_are_refused()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using CausalTransformer model = TinyDecoders.Create("llama"),
            other = TinyDecoders.Create("llama");
        using IDecoding decoding = Start(model, [Tokens(3, 0)]),
            foreign = Start(other, [Tokens(3, 0)]);

        Assert.Equal("from", Assert.Throws<ArgumentException>(() => decoding.AddRows(foreign, [0])).ParamName);
    }

    private static List<long> Tokens(int length, int row) =>
        [.. Enumerable.Range(0, length).Select(t => (long)((5 * t) + (t * t) + row) % TinyDecoders.Vocabulary)];

    private static IDecoding Start(CausalTransformer model, List<List<long>> rows)
    {
        IDecoding decoding = model.StartDecoding(Padded(rows), [.. rows.Select(row => row.Count)], 16, out Tensor logits);
        logits.Dispose();
        return decoding;
    }

    private static Tensor Whole(CausalTransformer model, List<List<long>> rows)
    {
        int width = rows.Max(row => row.Count);
        return model.LogitsAt(Padded(rows), tensor(rows.Select((row, i) => ((long)i * width) + row.Count - 1).ToArray()));
    }

    private static Tensor Padded(List<List<long>> rows)
    {
        int width = rows.Max(row => row.Count);
        return tensor(rows.SelectMany(row => row.Concat(Enumerable.Repeat(11L, width - row.Count))).ToArray(), [rows.Count, width]);
    }
}
