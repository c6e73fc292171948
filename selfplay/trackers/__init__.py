"""Where records of a run are kept elsewhere: TensorBoard, trackio, Weights & Biases, MLflow, and whoever registers."""
