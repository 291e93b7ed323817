import { InjectDataSource } from '@nestjs/typeorm';

/** The name of the data source for background jobs. */
export const BACKGROUND = 'background';

/** Injects the data source for background jobs. Its connections are reserved, so no load of requests delays a job. */
export const InjectBackgroundDataSource = (): ParameterDecorator => InjectDataSource(BACKGROUND);
