namespace VariationalBoN.Tests.References;

/// <summary>One thing that was done to a file: bytes written at an offset, or the length that it was cut to.</summary>
internal sealed record StoreDiskOperation(StoreDiskAction Action, string Path, long Offset = 0, byte[]? Bytes = null);
