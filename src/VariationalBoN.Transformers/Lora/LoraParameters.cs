using VariationalBoN.Internal;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Lora;

/// <summary>The frozen weights of a model, shared with it, and fresh adapters on the layers that the options choose:
/// A uniform in +-1 / sqrt(in), B zero.</summary>
/// <param name="owner">The model.</param>
/// <param name="options">Which layers get adapters.</param>
/// <param name="seed">Fixes the values of A.</param>
/// <param name="inFile">How many values the file holds that the adapters are to be read from:
/// a rank that asks for many times more is refused before it gets the memory.</param>
internal sealed class LoraParameters(CausalTransformer owner, LoraOptions options, long seed, long inFile = long.MaxValue)
    : SharedParameters(owner)
{
    private long _taken;

    private readonly Device _device = owner.Device;
    private readonly string _prefix = owner.Shape.Names.Prefix;

    /// <summary>How many layers have got an adapter.</summary>
    internal int Count { get; private set; }

    internal override LoraFactors? Adapter(string path, int inputs, int outputs)
    {
        string name = _prefix + path;
        if (!options.Chooses(name))
            return null;
        Count++;
        (int rank, double scale) = options.For(name);
        _taken += (long)rank * ((long)inputs + outputs);
        if (_taken > EmptyParameters.LimitFor(inFile))
            throw new InvalidDataException(
                $"the rank {rank} of {name} (r, rank_pattern) asks for adapters of {_taken} numbers and "
                    + $"more, but their file holds {inFile}; they do not belong together"
            );
        var random = new CounterRandom(new DrawSeed(seed), $"initial value of {path}.lora_A.weight", 0);
        double bound = 1 / Math.Sqrt(inputs);
        var values = empty(rank, inputs);
        var span = values.Elements<float>();
        for (int i = 0; i < span.Length; i++)
            span[i] = (float)(bound * ((2 * random.Uniform(i)) - 1));
        var device = values;
        if (_device.type != TorchSharp.DeviceType.CPU)
        {
            device = values.to(_device);
            values.Dispose();
        }

        return new LoraFactors(
            new LoraFactor($"{path}.lora_A", Free(device)),
            new LoraFactor($"{path}.lora_B", Free(zeros([outputs, rank], ScalarType.Float32, _device))),
            scale
        );
    }
}
