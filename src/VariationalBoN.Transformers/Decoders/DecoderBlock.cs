using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>One block of a causal transformer: [N, C] to [N, C], whatever the pass is.</summary>
internal abstract class DecoderBlock(string path) : nn.Module(path)
{
    internal abstract Tensor Forward(Tensor x, AttentionPass pass);
}
