namespace VariationalBoN.Orleans.Silos;

/// <summary>Published weights were taken away between the hand-over of a block and its turn: they must be sent again.</summary>
internal sealed class WeightsGoneException : Exception;
