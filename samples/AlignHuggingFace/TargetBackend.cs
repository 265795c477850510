namespace AlignHuggingFace;

/// <summary>Where the targets of the objective are computed.</summary>
internal enum TargetBackend
{
    /// <summary>Torch where the device is not the CPU, doubles there.</summary>
    Auto,

    /// <summary>Doubles on the host, for every objective.</summary>
    Double,

    /// <summary>Tensors on the device, for objectives that have such a form.</summary>
    Torch,
}
