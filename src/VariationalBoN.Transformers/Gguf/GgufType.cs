using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Transformers.Gguf;

/// <summary>How the matrices of a model are stored in a GGUF file. Vectors are float32 in each.</summary>
[Experimental(ExperimentalIds.Gguf)]
public enum GgufType
{
    /// <summary>32 bits a weight: nothing is rounded (<c>F32</c>).</summary>
    F32,

    /// <summary>16 bits a weight (<c>F16</c>): 11 bits of precision, values up to 65,504.</summary>
    F16,

    /// <summary>
    /// 8.5 bits a weight (<c>Q8_0</c>): blocks of 32 weights, x = d q with q a whole number in -127 to 127 and d = max |x| / 127 as
    /// float16. A matrix whose rows are no multiple of 32 long is stored as <see cref="F16"/>.
    /// </summary>
    Q8,
}
