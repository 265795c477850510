using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Policies;

/// <summary>Models small enough to enumerate, with logits that are far from uniform.</summary>
internal static class TinyModels
{
    internal const int Vocabulary = 6;

    internal static Gpt2 Gpt2(long seed = 1, int vocabulary = Vocabulary, int layers = 2)
    {
        var model = new Gpt2(
            new Gpt2Config
            {
                VocabularySize = vocabulary,
                MaxLength = 32,
                Width = 16,
                Layers = layers,
                Heads = 2,
                Activation = "relu",
            },
            seed
        );
        using (no_grad())
        {
            foreach (var parameter in model.parameters().Where(p => p.dim() == 2))
                parameter.mul_(12);
        }

        model.eval();
        return model;
    }
}

/// <summary>Hides what a module offers beyond its forward pass.</summary>
internal sealed class PlainModule : nn.Module<Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> inner;

    internal PlainModule(nn.Module<Tensor, Tensor> inner)
        : base(nameof(PlainModule))
    {
        this.inner = inner;
        RegisterComponents();
        eval();
    }

    public override Tensor forward(Tensor input) => inner.call(input);
}

/// <summary>Returns [B, T] where logits [B, T, V] are due.</summary>
internal sealed class FlatModule : nn.Module<Tensor, Tensor>
{
    internal FlatModule()
        : base(nameof(FlatModule)) => eval();

    public override Tensor forward(Tensor input) => input.to(ScalarType.Float32);
}

/// <summary>Remembers the most rows of any pass.</summary>
internal sealed class WidestPass : nn.Module<Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> inner;

    internal WidestPass(nn.Module<Tensor, Tensor> inner)
        : base(nameof(WidestPass))
    {
        this.inner = inner;
        RegisterComponents();
        eval();
    }

    internal long Rows { get; private set; }

    public override Tensor forward(Tensor input)
    {
        Rows = Math.Max(Rows, input.size(0));
        return inner.call(input);
    }
}
